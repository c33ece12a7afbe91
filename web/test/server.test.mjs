import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, it } from "node:test";
import { startServer } from "../server.mjs";

let server;
before(async () => {
  server = await startServer({ provider: "http://127.0.0.1:1" });
});
after(() => server.close());

/** Asks for a path exactly as it is written, which fetch would tidy up. */
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

const served = {
  "/": "text/html",
  "/?script=reset": "text/html",
  "/main.js": "text/javascript",
  "/style.css": "text/css",
  "/icon.svg": "image/svg+xml",
  "/steadfetch/index.js": "text/javascript",
  "/steadfetch/steadfetch.wasm": "application/wasm",
};
for (const [path, type] of Object.entries(served)) {
  it(`serves ${path}`, async () => {
    const { status, headers } = await get(path);
    assert.equal(status, 200);
    assert.ok(headers["content-type"].startsWith(type));
    assert.match(headers["content-security-policy"], /default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
  });
}

it("tells the page where the provider is, and lets it ask there only", async () => {
  const { body, headers } = await get("/config.json");
  assert.deepEqual(JSON.parse(body), { provider: "http://127.0.0.1:1" });
  assert.match(headers["content-security-policy"], /connect-src 'self' http:\/\/127\.0\.0\.1:1;/);
});

for (const path of [
  "/nothing.js",
  "/../server.mjs",
  "/..%2fserver.mjs",
  "/%2e%2e/package.json",
  "/steadfetch/../../package.json",
  "/steadfetch/..%2f..%2fpackage.json",
  "/%00.js",
  "/%ff.js",
  "//example.com/main.js",
]) {
  it(`has nothing at ${path}`, async () => assert.equal((await get(path)).status, 404));
}

it("answers nothing but GET", async () => assert.equal((await get("/", "POST")).status, 404));
