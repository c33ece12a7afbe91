// Every code block of the READMEs runs as it is written, against a provider that fails at first. One that no runner knows
// fails, so an example cannot be added without being run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { startProvider } from "../../web/provider.mjs";
import { startServer } from "../../web/server.mjs";
import { launch, noBrowser, openPage } from "../../web/test/browser.mjs";
import { bundleWorker, serveWorker } from "../workerd.mjs";

/** Runs a program to its end, which a client that waits for hours would not reach. */
const run = (command, args, options) => promisify(execFile)(command, args, { timeout: 60_000, ...options });
const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const runtimes = join(here, "../runtimes");
const text = "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, every byte once.";

/** The fenced blocks of a file, each with the heading above it. */
function blocksOf(file) {
  const blocks = [];
  let heading = "";
  let block;
  for (const line of readFileSync(join(root, file), "utf8").split("\n")) {
    assert.doesNotMatch(line, /^\s*~~~|^\s+```/, `${file}: a block that begins so would not be seen`);
    if (block) {
      if (line.startsWith("```")) {
        blocks.push(block);
        block = undefined;
      } else {
        block.code += `${line}\n`;
      }
    } else if (line.startsWith("```")) {
      const nth = blocks.filter((b) => b.heading === heading).length + 1;
      block = { heading, nth, language: line.slice(3), code: "" };
    } else if (/^#+ /.test(line)) {
      heading = line.replace(/^#+ /, "");
    }
  }
  assert.equal(block, undefined, `${file} ends within a code block`);
  return blocks;
}

let provider;
let server;
let browser;
let folder;
let files = 0;

/** Writes an example where its imports are found, with what it takes for granted before it and `more` behind it. */
function write(code, more = "", extension = "mjs") {
  const file = join(folder, `example-${files++}.${extension}`);
  writeFileSync(file, code + more);
  return file;
}

const variables = (base) => ({
  ...process.env,
  DOCS_BASE: base,
  OPENAI_API_KEY: "none",
  ANTHROPIC_API_KEY: "none",
  GROQ_API_KEY: "none",
  GEMINI_API_KEY: "none",
  MISTRAL_API_KEY: "none",
});

const preamble = JSON.stringify(join(here, "preamble.mjs"));

/** Runs an example in Node.js; it must print the answer. */
const inNode = (more, extension) => async (code, base) => {
  const file = write(code, more, extension);
  return (await run(process.execPath, ["--import", join(here, "preamble.mjs"), file], { env: variables(base) })).stdout;
};

/** Runs an example in another program that runs files. */
const inProgram = (command, args) => async (code, base) => {
  const program = join(runtimes, "node_modules/.bin", command);
  assert.ok(existsSync(program), `${command}'s package has no program for this machine`);
  const file = write(`import ${preamble};\n${code}`);
  return (await run(program, [...args, file], { env: variables(base), cwd: here })).stdout;
};

/** Bundles an example and runs it in a page of Chromium. `more` says what the page is to tell. */
const inPage = (more) => async (code, base, t) => {
  if (noBrowser) return t.skip(noBrowser);
  const name = `page-${files++}`;
  const into = join(folder, name);
  mkdirSync(into);
  await build({
    stdin: { contents: `import ${preamble};\n${code}\n${more}`, resolveDir: here, loader: "js" },
    bundle: true,
    format: "esm",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    outfile: join(into, "index.js"),
    logLevel: "error",
  });
  writeFileSync(join(into, "base.js"), `globalThis.DOCS_BASE = ${JSON.stringify(base)};`);
  writeFileSync(
    join(into, "index.html"),
    '<!doctype html><html lang="en"><link rel="icon" href="/icon.svg"><title>Example</title><main></main><script src="base.js"></script><script type="module" src="index.js"></script></html>',
  );
  const { page, complaints } = await openPage(browser, `${server.url}/docs/${name}/index.html`);
  await page.waitForFunction("globalThis.told !== undefined", { timeout: 20_000 }).catch((error) => {
    throw new Error(`${error.message}: ${complaints.join("; ")}`);
  });
  const told = await page.evaluate("globalThis.told");
  await page.close();
  assert.deepEqual(complaints, []);
  return told;
};

/** Bundles an example as wrangler does, and serves it with workerd. */
async function inWorkerd(code, base) {
  const into = mkdtempSync(join(folder, "worker-"));
  const contents = `globalThis.DOCS_BASE = ${JSON.stringify(base)};\nawait import(${preamble});\n${code}`;
  const source = { stdin: { contents, resolveDir: here, loader: "js" } };
  await bundleWorker(into, source, join(here, "node_modules/steadfetch/dist/steadfetch.wasm"));
  const { url, stop } = await serveWorker(into);
  try {
    return await (await fetch(url, { method: "POST", body: '{"model":"m","stream":true}' })).text();
  } finally {
    await stop();
  }
}

/** Runs an example, a whole program, in the Go SDKs' module. */
async function inGo(code, base) {
  const module = join(root, "retry/transport/sdktest");
  const overlay = join(folder, "overlay.json");
  writeFileSync(overlay, JSON.stringify({ Replace: { [join(module, "readme/main.go")]: write(code, "", "go") } }));
  const env = { ...variables(base), OPENAI_BASE_URL: `${base}/v1` };
  return (await run("go", ["run", "-overlay", overlay, "./readme"], { cwd: module, env })).stdout;
}

/** The README's way into a Go module of one's own: the line as it is written, but for where the clone is. */
async function goGet(lines) {
  const own = mkdtempSync(join(folder, "go-"));
  writeFileSync(join(own, "go.mod"), "module example.com/own\n\ngo 1.25.0\n");
  for (const line of lines) {
    await run("sh", ["-c", line.replace("=../steadfetch", `=${root}`)], { cwd: own });
  }
  await run("go", ["build", "github.com/steadfetch/steadfetch/retry/transport"], { cwd: own });
}

/** A command in a shell is checked by what it relies on, as running it here would run these tests again. */
async function shell(code) {
  const lines = code
    .trim()
    .split("\n")
    .map((line) => line.replace(/\s*#.*/, ""));
  const { name, version } = JSON.parse(readFileSync(join(root, "jsbridge/package.json"), "utf8"));
  for (const line of lines) {
    const [command, ...rest] = line.split(" ");
    if (command === "make") {
      assert.equal(rest.length, 1, line);
      await run("make", ["-n", ...rest], { cwd: root });
    } else if (command === "npm") {
      // The tarball itself is what all examples here import.
      assert.ok([`pack ../${name}/jsbridge`, `install ./${name}-${version}.tgz`].includes(rest.join(" ")), line);
    } else {
      assert.equal(command, "go", line);
    }
  }
  const go = lines.filter((line) => line.startsWith("go "));
  if (go.length > 0) await goGet(go);
}

const asked = `
const answer = await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "Hi" }], stream: true });
for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
`;
/** OpenTelemetry's own SDK, which must have got a span of each attempt. */
const spans = {
  before: `
import { trace as global } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
const exporter = new InMemorySpanExporter();
global.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
`,
  after: `
process.stdout.write(await response.text());
const made = exporter.getFinishedSpans().map((span) => span.attributes["http.response.status_code"]);
if (made.join() !== "503,200,200") throw new Error("spans of " + made);
`,
};
const saidSo = "process.stdout.write(said);";
const tell = "globalThis.told = said;";

/** How the blocks run, by the heading they stand under; `N` behind it is the N-th one there. */
const runners = {
  "README.md": {
    "In JavaScript 1": inNode(asked),
    "In JavaScript 2": inNode(saidSo),
    "In Go 1": inGo,
  },
  "jsbridge/README.md": {
    openai: inNode(),
    "@anthropic-ai/sdk": inNode(),
    "groq-sdk": inNode(),
    "ai, on a server": inNode(),
    "ai, in a browser": inPage(`
import { readUIMessageStream } from "ai";
const messages = [{ id: "q", role: "user", parts: [{ type: "text", text: "Hi" }] }];
const stream = await transport.sendMessages({ trigger: "submit-message", chatId: "c", messages, abortSignal: undefined });
let last;
for await (last of readUIMessageStream({ stream }));
globalThis.told = last.parts.map((part) => part.text ?? "").join("");`),
    "@google/genai": inNode(),
    "@langchain/openai": inNode(),
    "@mistralai/mistralai": inNode(),
    "@microsoft/fetch-event-source": inPage(tell),
    eventsource: inNode(),
    "In a page": inPage(tell),
    "The banner": inPage(`
import { stream } from "steadfetch";
let shown = "";
const look = new MutationObserver(() => (shown += banner.shadowRoot.textContent));
look.observe(banner.shadowRoot, { childList: true, subtree: true, characterData: true });
for await (const event of stream(url, init, { controller })) if (event.type === "message") show(event.text ?? "");
if (!shown.includes("Retrying in")) throw new Error("the banner showed " + shown);
globalThis.told = said;`),
    React: inPage(`
import { createRoot } from "react-dom/client";
createRoot(document.querySelector("main")).render(createElement(Chat));
const until = setInterval(() => {
  const [p, button] = [document.querySelector("main p"), document.querySelector("main > main > button")];
  if (button && !globalThis.asked) ask(button.click());
  document.querySelector("retry-status")?.shadowRoot?.querySelector("[part~=retry-now]:not([hidden])")?.click();
  if (/once\\.$/.test(p?.textContent)) clearInterval(until, (globalThis.told = p.textContent));
}, 20);`),
    "Without WebAssembly": inPage(`
for (const line of (await response.text()).split("\\n")) if (line.startsWith("data: ")) show(textOf(line.slice(6)));
globalThis.told = said;`),
    "Node.js": inNode("", "cjs"),
    Deno: inProgram("deno", ["run", "--allow-all", "--no-lock"]),
    Bun: inProgram("bun", []),
    "Cloudflare Workers": inWorkerd,
    "Relaying to a page": inNode(`
const page = { fetch: async () => POST(new Request("https://example.com/api/chat", { method: "POST" })) };
for await (const event of stream("https://example.com/api/chat", {}, page)) if (event.text) process.stdout.write(event.text);`),
    "Another request after a failure": inNode(`
const answer = await fetch(url, init);
process.stdout.write(await answer.text());`),
    "For traces": (code, base) => inNode(spans.after)(spans.before + code, base),
  },
};

/** What each example meets. SDKs repeat the first by themselves, but not what breaks when the answer has begun. */
const faults = [{ status: 503 }, { kind: "reset", at: "before_output" }];

/** We stop at it, by its words, and SDKs do not, by its status: a second request is one that the SDK made by itself. */
const used = { status: 429, message: "Your credit balance is too low. Please go to Plans & Billing." };

/** The examples of clients with retries of their own. */
const sdks = {
  "README.md": ["In JavaScript 1", "In Go 1"],
  "jsbridge/README.md": [
    "openai",
    "@anthropic-ai/sdk",
    "groq-sdk",
    "ai, on a server",
    "@google/genai",
    "@langchain/openai",
    "@mistralai/mistralai",
  ],
};

/** The text of whatever was printed: an answer, or the events of one. */
const readable = (printed) =>
  printed.includes('data: {"')
    ? printed
        .split("\n")
        .filter((line) => line.startsWith("data: {"))
        .map((line) => JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? "")
        .join("")
    : printed;

describe("the examples in the READMEs", { concurrency: 2 }, () => {
  before(async () => {
    mkdirSync(join(here, ".cache"), { recursive: true });
    folder = mkdtempSync(join(here, ".cache", "examples-"));
    provider = await startProvider();
    server = await startServer({ provider: provider.url, folders: { "/docs/": folder } });
    browser = noBrowser ? undefined : await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await provider?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  for (const [file, known] of Object.entries(runners)) {
    const blocks = blocksOf(file);
    const unused = new Set(Object.keys(known));
    for (const { heading, nth, language, code } of blocks) {
      const key = known[heading] && nth === 1 ? heading : `${heading} ${nth}`;
      unused.delete(key);
      test(`${file}: ${key}`, { timeout: 120_000 }, async (t) => {
        if (language === "sh") return shell(code);
        if (heading === "For your tests") {
          assert.equal(await inNode()(code, ""), "data: hi\n\n 2\n");
          return;
        }
        assert.ok(known[key], "no runner knows this example: say in docs.test.mjs how it runs");
        const { id, base } = await provider.newRun({ text, faults });
        const printed = await known[key](code, base, t);
        if (printed === undefined) return; // skipped
        assert.ok(readable(printed).includes(text), printed);
        const { requests } = await provider.log(id);
        assert.equal(requests.length, faults.length + 1, "it should have met the failures, and tried once more");
      });
      if (!sdks[file].includes(key)) continue;
      test(`${file}: ${key} leaves the retrying to us`, { timeout: 120_000 }, async () => {
        const { id, base } = await provider.newRun({ faults: [{ ...used, times: -1 }] });
        await known[key](code, base).catch(() => {}); // how an SDK tells of it is its own affair
        const { requests } = await provider.log(id);
        assert.equal(requests.length, 1, "the SDK tried again by itself");
      });
    }
    test(`${file}: the examples compile, by the types of the packages that they import`, async () => {
      const given = join(folder, "given.d.ts");
      writeFileSync(
        given,
        `declare const url: string; declare const init: { method: string; headers: Record<string, string>; body: string };
         declare function textOf(data: string): string; declare function show(text: string): void;
         declare function clear(): void; declare function ask(): void; declare function freshToken(): Promise<string>; declare function done(reason?: string): void;
         declare function banner(retry: import("steadfetch").ChatStreamRetry): void;
         declare function failed(verdict: import("steadfetch").Verdict): void;`,
      );
      const examples = blocks
        .filter(({ language }) => language === "js")
        .map(({ code }) => write(code, "export {};", "mts"));
      const strict = [
        "--strict",
        "--noImplicitAny",
        "false",
        "--skipLibCheck",
        "--noEmit",
        "--lib",
        "es2024,dom,dom.iterable",
      ];
      const modules = ["--module", "esnext", "--target", "es2024", "--moduleResolution", "bundler", "--types", "node"];
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      await run(process.execPath, [tsc, "--ignoreConfig", ...strict, ...modules, given, ...examples], {
        cwd: root,
      }).catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
    });
    test(`${file}: every runner has its example`, () => assert.deepEqual([...unused], []));
  }
});
