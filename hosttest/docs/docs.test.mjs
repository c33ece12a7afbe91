// Every code block of the pages runs unchanged, against a provider that fails at first. A block without a runner fails, so
// an example cannot be added without being run.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { blocksOf, pages, root } from "./blocks.mjs";
import { begin, end, folder, provider, run, shell, write } from "./programs.mjs";
import { runners, sdks } from "./runners.mjs";

const text = "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, every byte once.";

/** The faults that each example meets. SDKs retry the first by themselves, but not an answer that has begun. */
const faults = [{ status: 503 }, { kind: "reset", at: "before_output" }];

/** By its message steadfetch does not retry this, but by its status SDKs do: a second request is the SDK's own retry. */
const used = { status: 429, message: "Your credit balance is too low. Please go to Plans & Billing." };

/** The text of an event, which a relay may have wrapped. */
function textOf(data) {
  const { choices, message } = data.startsWith("{") ? JSON.parse(data) : {};
  return message ? textOf(message.data) : (choices?.[0]?.delta?.content ?? "");
}

/** The text of what was printed: an answer, or the events of one. */
const readable = (printed) =>
  printed.includes('data: {"')
    ? printed
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .map((line) => textOf(line.slice(6)))
        .join("")
    : printed;

/** Declares the names that preamble.mjs defines for all examples, for the compiler. */
const given = `
declare const url: string; declare const init: { method: string; headers: Record<string, string>; body: string };
declare function textOf(data: string): string; declare function show(text: string): void;
declare function clear(): void; declare function ask(): void; declare function freshToken(): Promise<string>;
declare function done(reason?: string): void;
declare function banner(retry: import("steadfetch").ChatStreamRetry): void;
declare function failed(verdict: import("steadfetch").Verdict): void;`;

const compiler = [
  ...["--ignoreConfig", "--strict", "--noImplicitAny", "false", "--skipLibCheck", "--noEmit", "--jsx", "react-jsx"],
  ...["--lib", "es2024,dom,dom.iterable", "--module", "esnext", "--target", "es2024"],
  ...["--moduleResolution", "bundler", "--types", "node"],
];

describe("the examples", { concurrency: 2 }, () => {
  before(begin);
  after(end);

  for (const file of pages) {
    const known = runners[file] ?? {};
    const blocks = blocksOf(file);
    const unused = new Set(Object.keys(known));
    for (const { heading, nth, language, code } of blocks) {
      if (language === "text") continue; // a picture
      const key = known[heading] && nth === 1 ? heading : `${heading} ${nth}`;
      unused.delete(key);
      test(`${file}: ${key}`, { timeout: 300_000 }, async (t) => {
        if (language === "sh") return shell(code);
        assert.ok(known[key], "this example has no runner: add one to runners.mjs");
        if (known[key].passes) {
          assert.match(await known[key](code, t), known[key].passes);
          return;
        }
        const { id, base } = await provider.newRun({ text, faults });
        const printed = await known[key](code, base, t);
        if (printed === undefined) return; // skipped
        assert.ok(readable(printed).includes(text), printed);
        const { requests } = await provider.log(id);
        assert.equal(requests.length, faults.length + 1, "it should meet both failures, and then succeed");
      });
      if (!sdks[file]?.includes(key)) continue;
      test(`${file}: ${key} does not retry by itself`, { timeout: 300_000 }, async () => {
        const { id, base } = await provider.newRun({ faults: [{ ...used, times: -1 }] });
        await known[key](code, base).catch(() => {}); // it does not matter how the SDK reports it
        const { requests } = await provider.log(id);
        assert.equal(requests.length, 1, "the SDK retried by itself");
      });
    }
    test(`${file}: every runner has its example`, () => assert.deepEqual([...unused], []));
  }

  test("all of them compile with the types of the packages that they import", { timeout: 400_000 }, async () => {
    const examples = pages.flatMap(blocksOf).filter(({ language }) => ["js", "tsx"].includes(language));
    const files = examples.map(({ language, code }) => write(code, "export {};", language === "js" ? "mts" : "tsx"));
    const names = join(folder, "given.d.ts");
    writeFileSync(names, given);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [tsc, ...compiler, names, ...files], { cwd: root, timeout: 380_000 }).catch(
      ({ stdout, stderr }) => assert.fail(stdout + stderr),
    );
  });
});

test("links lead to files and headings that exist", () => {
  /** The anchor that GitHub makes from a heading. */
  const anchor = (line) =>
    line
      .replace(/^#+ /, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      const [address, heading] = link.split("#");
      const own = /^https:\/\/github\.com\/steadfetch\/steadfetch(?:\/(?:blob|tree)\/main)?(?:\/(.*))?$/.exec(address);
      if (!own && /^https?:/.test(link)) continue;
      const path = own ? (own[1] ?? "README.md") : address && join(dirname(page), address);
      const target = join(root, path || page);
      assert.ok(existsSync(target), `${page}: ${link} leads nowhere`);
      if (heading === undefined) continue;
      const headings = readFileSync(target, "utf8")
        .split("\n")
        .filter((line) => /^#+ /.test(line))
        .map(anchor);
      assert.ok(headings.includes(heading), `${page}: there is no heading ${link}`);
    }
  }
});
