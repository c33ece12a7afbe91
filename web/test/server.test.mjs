import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { after, before, it } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { startServer } from "../server.mjs";

let server;
before(async () => {
  server = await startServer({ provider: "http://127.0.0.1:1" });
});
after(() => server.close());

/** Requests a path exactly as it is written, which fetch would normalise. */
const get = (path, method = "GET") =>
  new Promise((resolve, reject) => {
    const { port } = new URL(server.url);
    request({ host: "127.0.0.1", port, path, method }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    })
      .on("error", reject)
      .end();
  });

/** The bytes as they are sent. */
const raw = (path, encoding) =>
  new Promise((resolve, reject) => {
    request(server.url + path, { headers: { "accept-encoding": encoding } }, async (response) => {
      const bytes = Buffer.concat(await response.toArray());
      resolve({ headers: response.headers, bytes });
    })
      .on("error", reject)
      .end();
  });

const served = {
  "/": "text/html",
  "/?script=reset": "text/html",
  "/main.js": "text/javascript",
  "/storm/worker.js": "text/javascript",
  "/style.css": "text/css",
  "/icon.svg": "image/svg+xml",
  "/steadfetch/index.js": "text/javascript",
  "/uplot.css": "text/css",
  "/corpus/index.json": "application/json",
  "/corpus/ab-dom-timeout.json": "application/json",
  "/steadfetch/steadfetch.wasm": "application/wasm",
};
for (const [path, type] of Object.entries(served)) {
  it(`serves ${path}`, async () => {
    const { status, headers } = await get(path);
    assert.equal(status, 200);
    assert.ok(headers["content-type"].startsWith(type));
    // Only pages and workers have a policy.
    const runs = type === "text/html" || path.endsWith("worker.js");
    const policy = runs ? /default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/ : /^undefined$/;
    assert.match(String(headers["content-security-policy"]), policy);
  });
}

it("gives the page the provider's address, and allows requests to no other", async () => {
  const { body } = await get("/config.json");
  const { headers } = await get("/");
  assert.equal(JSON.parse(body).provider, "http://127.0.0.1:1");
  assert.match(headers["content-security-policy"], /connect-src 'self' http:\/\/127\.0\.0\.1:1;/);
});

for (const path of [
  "/nothing.js",
  "/corpus/nothing.json",
  "/../server.mjs",
  "/..%2fserver.mjs",
  "/%2e%2e/package.json",
  "/steadfetch/../../package.json",
  "/steadfetch/..%2f..%2fpackage.json",
  "/%00.js",
  "/%ff.js",
  "//example.com/main.js",
]) {
  it(`answers 404 for ${path}`, async () => assert.equal((await get(path)).status, 404));
}

it("reports the versions of the packages that are compared", async () => {
  const { versions } = JSON.parse((await get("/config.json")).body);
  const { devDependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.deepEqual(versions, {
    openai: devDependencies.openai,
    anthropic: devDependencies["@anthropic-ai/sdk"],
    ai: devDependencies.ai,
  });
});

const decoders = { br: brotliDecompressSync, gzip: gunzipSync };
for (const [encoding, decode] of Object.entries(decoders)) {
  it(`compresses with ${encoding} for clients that accept it`, async () => {
    const plain = await fetch(`${server.url}/main.js`, { headers: { "accept-encoding": "identity" } });
    const { headers, bytes } = await raw("/main.js", encoding);
    assert.equal(plain.headers.get("content-encoding"), null);
    assert.equal(headers["content-encoding"], encoding);
    assert.equal(decode(bytes).toString(), await plain.text());
  });
}

it("serves a case of the corpus as a classifier sees it, and its labels", async () => {
  const { failure, labels } = JSON.parse((await get("/corpus/ab-dom-timeout.json")).body);
  assert.deepEqual(failure, {
    phase: "connect",
    headers: {},
    error: { name: "TimeoutError", message: "The operation was aborted due to timeout", code: "23" },
  });
  assert.equal(labels.retryable, true);
  assert.equal(labels.kind, "timeout");
});

it("answers only GET", async () => assert.equal((await get("/", "POST")).status, 404));
