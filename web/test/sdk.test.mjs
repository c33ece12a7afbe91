// The real SDKs, bundled for a browser, stream through createFetch in Chromium
// against the provider that fails.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startProvider } from "../provider.mjs";
import { startServer } from "../server.mjs";
import { launch, noBrowser, openPage } from "./browser.mjs";

const pages = fileURLToPath(new URL("pages", import.meta.url));
const wasm = fileURLToPath(new URL("../../wasm/steadfetch.wasm", import.meta.url));
const text = "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, every byte once.";
const options = { initialDelayMs: 30 };

/** Keeps the bytes of each module that the page compiles. */
function watchCompiler() {
  globalThis.compiled = [];
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct(target, [bytes]) {
      globalThis.compiled.push(new Uint8Array(bytes).slice());
      return Reflect.construct(target, [bytes]);
    },
  });
}

async function hashesOfCompiled() {
  const hashes = [];
  for (const bytes of globalThis.compiled) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    hashes.push(Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  return hashes;
}

describe("the SDKs in Chromium", { skip: noBrowser, concurrency: false }, () => {
  let folder;
  let provider;
  let server;
  let browser;
  let page;
  let complaints;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "steadfetch-"));
    await build({
      entryPoints: [join(pages, "sdk.js")],
      bundle: true,
      format: "esm",
      platform: "browser",
      minify: true,
      outfile: join(folder, "sdk.js"),
      logLevel: "warning",
    });
    copyFileSync(join(pages, "sdk.html"), join(folder, "index.html"));
    provider = await startProvider();
    server = await startServer({ provider: provider.url, folders: { "/sdk/": folder } });
    browser = await launch();
    ({ page, complaints } = await openPage(browser, "about:blank"));
    await page.evaluateOnNewDocument(watchCompiler);
    await page.goto(`${server.url}/sdk/`);
    await page.waitForSelector("[data-ready]");
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await provider?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function chat(sdk, run) {
    const { id, base } = await provider.newRun({ text, token_delay_ms: -1, ...run });
    const result = await page.evaluate((...args) => globalThis.chat(...args), sdk, base, options);
    return { ...result, requests: (await provider.log(id)).requests };
  }

  const faults = {
    "a 429 with Retry-After": {
      fault: { status: 429, headers: { "retry-after": "1" } },
      kind: "rate_limit",
      asked: 1000,
    },
    "a 529": { fault: { status: 529 }, kind: "overloaded" },
    "an overload inside the stream": {
      fault: { kind: "error", status: 503 },
      anthropic: { kind: "error", status: 529 },
      kind: "overloaded",
    },
    "a reset before output": { fault: { kind: "reset" }, kind: "network" },
    "an end before output": { fault: { kind: "eof" }, kind: "truncated" },
  };

  for (const sdk of ["openai", "anthropic"]) {
    for (const [name, { fault, kind, asked = 0, ...own }] of Object.entries(faults)) {
      it(`${sdk} survives ${name}`, async () => {
        const { text: got, error, retries, requests } = await chat(sdk, { faults: [own[sdk] ?? fault] });
        assert.equal(error, undefined);
        assert.equal(got, text);
        assert.equal(requests.length, 2);
        assert.deepEqual(
          retries.map((event) => [event.attempt, event.kind]),
          [[1, kind]],
        );
        const waited = requests[1].at_ms - requests[0].at_ms;
        assert.ok(waited >= Math.max(asked, options.initialDelayMs), `waited ${waited} ms`);
        assert.equal(requests[1].body, requests[0].body);
      });
    }

    const permanent = {
      "a 400": { status: 400 },
      "a 401": { status: 401 },
      insufficient_quota: { status: 429, error_type: "insufficient_quota", error_code: "insufficient_quota" },
    };
    for (const [name, fault] of Object.entries(permanent)) {
      it(`${sdk} throws its own error for ${name}, without a retry`, async () => {
        const { error, retries, requests } = await chat(sdk, { faults: [{ ...fault, times: -1 }] });
        assert.equal(error?.status, fault.status);
        assert.equal(requests.length, 1);
        assert.deepEqual(retries, []);
      });
    }
  }

  it("runs exactly the module that Go hosts run", async () => {
    const hashes = await page.evaluate(hashesOfCompiled);
    assert.deepEqual(hashes, [createHash("sha256").update(readFileSync(wasm)).digest("hex")]);
  });

  it("leaves the console clean", () => {
    assert.deepEqual(complaints, []);
  });
});
