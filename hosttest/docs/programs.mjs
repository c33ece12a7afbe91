// How an example runs: in Node.js, Deno, Bun, a page of Chromium, workerd or Go.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { startProvider } from "../../web/provider.mjs";
import { startServer } from "../../web/server.mjs";
import { launch, noBrowser, openPage } from "../../web/test/browser.mjs";
import { bundleWorker, serveWorker } from "../workerd.mjs";
import { root } from "./blocks.mjs";

/** Runs a program to its end, which a client that waits for hours would not reach. */
export const run = (command, args, options) => promisify(execFile)(command, args, { timeout: 240_000, ...options });
const here = fileURLToPath(new URL(".", import.meta.url));
const runtimes = join(here, "../runtimes");
const preamble = JSON.stringify(join(here, "preamble.mjs"));

export let provider;
export let folder;
let server;
let browser;
let files = 0;

export async function begin() {
  mkdirSync(join(here, ".cache"), { recursive: true });
  folder = mkdtempSync(join(here, ".cache", "examples-"));
  provider = await startProvider();
  server = await startServer({ provider: provider.url, folders: { "/docs/": folder } });
  browser = noBrowser ? undefined : await launch();
}

export async function end() {
  await browser?.close();
  await server?.close();
  await provider?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
}

/** Writes an example where its imports are found, with `more` behind it. */
export function write(code, more = "", extension = "mjs") {
  const file = join(folder, `example-${files++}${extension.startsWith("_") ? "" : "."}${extension}`);
  writeFileSync(file, code + more);
  return file;
}

const variables = (base) => ({
  ...process.env,
  NODE_TEST_CONTEXT: undefined, // or an example that is a test would report to this one
  DOCS_BASE: base,
  OPENAI_API_KEY: "none",
  ANTHROPIC_API_KEY: "none",
  GROQ_API_KEY: "none",
  GEMINI_API_KEY: "none",
  MISTRAL_API_KEY: "none",
});

/** Runs an example in Node.js, with what it takes for granted before it; it must print the answer. */
export const inNode =
  (more, { before = "", extension } = {}) =>
  async (code, base) => {
    const file = write(before + code, more, extension);
    return (await run(process.execPath, ["--import", join(here, "preamble.mjs"), file], { env: variables(base) }))
      .stdout;
  };

/** Runs an example in another program that runs files. */
export const inProgram = (command, args) => async (code, base) => {
  const program = join(runtimes, "node_modules/.bin", command);
  assert.ok(existsSync(program), `${command}'s package has no program for this machine`);
  const file = write(`import ${preamble};\n${code}`);
  return (await run(program, [...args, file], { env: variables(base), cwd: here })).stdout;
};

/** Bundles an example and runs it in a page of Chromium. `more` sets `globalThis.told` to what the page says. */
export const inPage =
  (more, { before = "" } = {}) =>
  async (code, base, t) => {
    if (noBrowser) return t.skip(noBrowser);
    const name = `page-${files++}`;
    const into = join(folder, name);
    mkdirSync(into);
    await build({
      stdin: { contents: `import ${preamble};\n${before}\n${code}\n${more}`, resolveDir: here, loader: "tsx" },
      bundle: true,
      format: "esm",
      jsx: "automatic",
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
    await page.waitForFunction("globalThis.told !== undefined", { timeout: 60_000 }).catch((error) => {
      throw new Error(`${error.message}: ${complaints.join("; ")}`);
    });
    const told = await page.evaluate("globalThis.told");
    await page.close();
    assert.deepEqual(complaints, []);
    return told;
  };

/** Bundles an example as wrangler does, and serves it with workerd. `path` and `body` are what is asked of it. */
export const inWorkerd =
  (path = "/", body = '{"model":"m","stream":true}') =>
  async (code, base) => {
    const into = mkdtempSync(join(folder, "worker-"));
    const contents = `globalThis.DOCS_BASE = ${JSON.stringify(base)};\nawait import(${preamble});\n${code}`;
    const source = { stdin: { contents, resolveDir: here, loader: "js" } };
    await bundleWorker(into, source, join(here, "node_modules/steadfetch/dist/steadfetch.wasm"));
    const { url, stop } = await serveWorker(into);
    try {
      return await (await fetch(url + path, { method: "POST", body })).text();
    } finally {
      await stop();
    }
  };

/** Runs an example with the modules of the Go SDKs' tests: a whole program, or the test that `go test` finds in it. */
export const inGo =
  (verb = "run") =>
  async (code, base) => {
    const file = write(code, "", verb === "run" ? "go" : "_test.go");
    const args = verb === "run" ? ["run", file] : ["test", "-count=1", "-v", file];
    const env = { ...variables(base), OPENAI_BASE_URL: `${base}/v1` };
    return (await run("go", args, { cwd: join(root, "retry/transport/sdktest"), env, timeout: 280_000 })).stdout;
  };

/** The way into a Go module of one's own: the lines as they are written, but for where the clone is. */
async function goGet(lines) {
  const own = mkdtempSync(join(folder, "go-"));
  for (const line of lines) {
    await run("sh", ["-c", line.replace("=../steadfetch", `=${root.replace(/\/$/, "")}`)], { cwd: own });
  }
  await run("go", ["build", "github.com/steadfetch/steadfetch/retry/transport"], { cwd: own });
}

/** A command in a shell is checked by what it relies on, as running it here would run these tests again. */
export async function shell(code) {
  const lines = code
    .trim()
    .split("\n")
    .map((line) => line.replace(/\s*#.*/, ""))
    .filter(Boolean);
  const { name, version } = JSON.parse(readFileSync(join(root, "jsbridge/package.json"), "utf8"));
  const go = [];
  for (const line of lines) {
    const [command, ...rest] = line.split(" ");
    if (command === "make") {
      await run("make", ["-n", ...rest], { cwd: root });
    } else if (command === "npm") {
      // The tarball itself is what all examples here import.
      assert.ok([`pack ../${name}/jsbridge`, `install ./${name}-${version}.tgz`].includes(rest.join(" ")), line);
    } else if (command === "sha256sum" || command === "node") {
      for (const file of rest) assert.ok(existsSync(join(root, file)), `${line}: there is no ${file}`);
    } else if (command === "go" && (rest[0] === "mod" || rest[0] === "get")) {
      go.push(line);
    } else {
      assert.ok(command === "go" && ["run", "test"].includes(rest[0]), line);
      await run("go", ["list", rest.find((arg) => arg.startsWith("./"))], { cwd: root });
    }
  }
  if (go.length > 0) await goGet(go);
}
