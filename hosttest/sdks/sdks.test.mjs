// Real SDKs, with their own retries off and the packed package's createFetch as their fetch, stream from a provider that
// fails before output: in Node.js, and bundled in a page of Chromium. Node.js 20 runs the last versions that support it,
// later ones the newest. At the end it prints a table with a row for each SDK.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { createFetch } from "steadfetch";
import { startProvider } from "../../web/provider.mjs";
import { startServer } from "../../web/server.mjs";
import { launch, noBrowser, openPage } from "../../web/test/browser.mjs";
import { chat, clients } from "./clients.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const { devDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

const newest = Number(process.versions.node.split(".")[0]) >= 22;
/** The name under which a package is installed: later versions of Node.js use NAME-newest, if there is one. */
const installedAs = (name) => (newest && `${name}-newest` in devDependencies ? `${name}-newest` : name);
const versionOf = (name) => devDependencies[installedAs(name)].split("@").at(-1);

const text = "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, every byte once.";
// One provider plays many unrelated ones, so a failure of one must not delay the others.
const options = { initialDelayMs: 40, noCooldown: true };

// An overload is 529 for Anthropic, 503 in the other protocols.
const overloaded = (name) => (name.includes("anthropic") ? 529 : 503);
const faults = (name) => ({
  "429 with Retry-After": { status: 429, headers: { "retry-after": "1" } },
  "an overload in the stream": { kind: "error", at: "before_output", status: overloaded(name) },
  "a reset before output": { kind: "reset", at: "before_output" },
});
const kinds = ["rate_limit", "overloaded", "network"];

const table = [];

/** Registers the tests of all SDKs in one place. `ask(name, base)` sends a request there. */
function suite(place, ask, provider) {
  for (const [name, { packages, notIn }] of Object.entries(clients)) {
    const row = { place, name, versions: packages.map(versionOf).join(", "), result: "failed" };
    test(name, { concurrency: true, timeout: 240_000 }, async (t) => {
      table.push(row);
      if (notIn?.[place]) {
        row.result = `not here: ${notIn[place]}`;
        return;
      }
      const all = faults(name);
      const cases = Object.entries(all).map(([what, fault], i) => [what, [fault], [kinds[i]]]);
      cases.push(["nothing", [], []], ["all three in a row", Object.values(all), kinds]);
      let good = 0;
      await Promise.all(
        cases.map(([what, faults, kinds]) =>
          t.test(`gets the exact text after ${what}`, async () => {
            const { id, base } = await provider().newRun({ text, faults, token_delay_ms: -1 });
            const got = await ask(name, base);
            const { requests } = await provider().log(id);
            if (got.error) throw new Error(`${got.error}\nafter ${requests.length} requests`);
            assert.equal(got.text, text);
            assert.deepEqual(
              got.retries.map(({ kind }) => kind),
              kinds,
            );
            assert.equal(requests.length, faults.length + 1);
            const waited = requests[1]?.at_ms - requests[0].at_ms;
            assert.ok(faults[0]?.status !== 429 || waited >= 1000, `${waited} ms after "Retry-After: 1"`);
            for (const { body } of requests) assert.equal(body, requests[0].body);
            good++;
          }),
        ),
      );
      if (good === cases.length) row.result = "ok";
    });
  }
}

describe("the SDKs", { concurrency: false }, () => {
  let provider;

  before(async () => {
    provider = await startProvider();
  });

  after(async () => {
    await provider?.stop();
    print();
  });

  describe("in Node.js", { concurrency: false }, () => {
    const load = (name) => import(installedAs(name));
    suite(
      "Node.js",
      async (name, base) => chat(createFetch, name, await Promise.all(clients[name].packages.map(load)), base, options),
      () => provider,
    );
  });

  describe("in Chromium", { concurrency: false, skip: noBrowser }, () => {
    let folder;
    let server;
    let browser;
    let page;
    let complaints;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "steadfetch-sdks-"));
      await bundle(join(folder, "sdks.js"));
      writeFileSync(
        join(folder, "index.html"),
        '<!doctype html><html lang="en"><link rel="icon" href="/icon.svg"><title>SDKs</title><script type="module" src="sdks.js"></script></html>',
      );
      server = await startServer({ provider: provider.url, folders: { "/sdks/": folder } });
      browser = await launch();
      ({ page, complaints } = await openPage(browser, `${server.url}/sdks/`));
      await page.waitForFunction("globalThis.ask");
    });

    after(async () => {
      await browser?.close();
      await server?.close();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    suite(
      "Chromium",
      (name, base) => page.evaluate((...args) => globalThis.ask(...args), name, base, options),
      () => provider,
    );

    test("leaves the console clean", () => assert.deepEqual(complaints, []));
  });
});

/** All SDKs in one file, as an application's bundler makes it. */
async function bundle(outfile) {
  const names = [...new Set(Object.values(clients).flatMap(({ packages }) => packages))];
  const contents = [
    'import { createFetch } from "steadfetch";',
    'import { chat, clients } from "./clients.mjs";',
    ...names.map((name, i) => `import * as sdk${i} from ${JSON.stringify(installedAs(name))};`),
    `const sdks = { ${names.map((name, i) => `${JSON.stringify(name)}: sdk${i}`).join(", ")} };`,
    "globalThis.ask = (name, base, options) =>",
    "  chat(createFetch, name, clients[name].packages.map((name) => sdks[name]), base, options);",
  ].join("\n");
  await build({
    stdin: { contents, resolveDir: here, loader: "js" },
    bundle: true,
    format: "esm",
    platform: "browser",
    outfile,
    logLevel: "error",
  });
}

function print() {
  const rows = [{ place: "where", name: "SDK", versions: "version", result: "three faults" }, ...table];
  const widths = Object.keys(rows[0]).map((column) => Math.max(...rows.map((row) => row[column].length)));
  console.log(`\nNode.js ${process.versions.node}`);
  for (const row of rows) {
    const cells = Object.values(row).map((cell, i) => cell.padEnd(widths[i]));
    console.log(cells.join("  ").trimEnd());
  }
  if (noBrowser) console.log(`Chromium: not run: ${noBrowser}`);
  console.log("");
}
