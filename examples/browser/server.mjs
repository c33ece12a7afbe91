// Serves the page and forwards its requests to the provider with the key, which no page should have:
//
//   OPENAI_API_KEY=… node examples/browser/server.mjs
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const provider = process.env.OPENAI_BASE_URL ?? "https://api.openai.com/v1";

const { outputFiles } = await build({
  entryPoints: [here("main.js")],
  bundle: true,
  format: "esm",
  platform: "browser",
  write: false,
  logLevel: "warning",
});
const files = {
  "/": { type: "text/html; charset=utf-8", body: await readFile(here("index.html")) },
  "/main.js": { type: "text/javascript", body: outputFiles[0].contents },
};

/** Forwards a request without its headers: the provider must not get the page's cookies. */
async function passOn(request, response) {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const answer = await fetch(provider + request.url.slice("/v1".length), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    body: Readable.toWeb(request),
    duplex: "half",
    signal: gone.signal,
  });
  const headers = ["content-type", "retry-after", "retry-after-ms", "x-should-retry"];
  response.writeHead(
    answer.status,
    headers.flatMap((name) => (answer.headers.has(name) ? [[name, answer.headers.get(name)]] : [])),
  );
  await pipeline(Readable.fromWeb(answer.body), response);
}

const server = createServer((request, response) => {
  const file = files[request.url];
  if (request.method === "GET" && file) {
    response.writeHead(200, { "content-type": file.type }).end(file.body);
  } else if (request.method === "POST" && request.url.startsWith("/v1/")) {
    // If the connection to the provider breaks, break the one to the page, which tries again.
    passOn(request, response).catch(() => response.destroy());
  } else {
    response.writeHead(404).end();
  }
});

server.listen(Number(process.env.PORT ?? 8080), "localhost", () =>
  console.log(`http://localhost:${server.address().port}`),
);
