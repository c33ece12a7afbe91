// Serves the page: its files, the bundle, the corpus, and the provider's address.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { transform } from "esbuild";
import { bundle, versions } from "./bundle.mjs";
import { caseOf, corpusIndex } from "./corpus.mjs";
import { startProvider } from "./provider.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const built = fileURLToPath(new URL("../jsbridge/dist/", import.meta.url));

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const css = { loader: "css", minify: true };
const brotli = promisify(brotliCompress);
const encoders = {
  br: (body) =>
    brotli(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: body.length > 500_000 ? 6 : 11, // the best takes seconds for the largest SDK
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      },
    }),
  gzip: promisify(gzip),
};

/** Whether a file is a page or a worker, and not something that these load. */
const runs = (type, url) => type === types[".html"] || url.endsWith("worker.js");

/** Compresses with an encoding that the browser accepts. The same body is compressed once. */
function makeCompressor() {
  const known = new Map();
  return async (body, accepted = "") => {
    const encoding = Object.keys(encoders).find((name) => new RegExp(`\\b${name}\\b`).test(accepted));
    if (!encoding) {
      return { body };
    }
    const key = `${encoding} ${body.toString("latin1")}`;
    if (!known.has(key)) {
      known.set(key, encoders[encoding](body));
    }
    return { body: await known.get(key), encoding };
  };
}

/**
 * Starts the server, for this machine only. `provider` is the address that the
 * page sends its chats to. `folders` are served in addition to the page's own, by
 * path prefix: `{ "/bundle/": "/some/folder" }`.
 */
export async function startServer({ provider = "", port = 0, folders = {} }) {
  if (!existsSync(join(built, "index.js"))) {
    throw new Error("the package is not built yet: npm run build -w steadfetch");
  }
  const made = await bundle();
  const config = JSON.stringify({ provider, versions: versions() });
  const compress = makeCompressor();
  const roots = Object.entries({ ...folders, "/steadfetch/": built, "/": join(here, "public") });
  // A strict policy: no inline script or style, and no other origin than the provider's.
  const policy = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${provider}`.trim(),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

  async function answer(url) {
    const path = decodeURIComponent(new URL(`http://localhost${url}`).pathname);
    if (path === "/config.json") {
      return { type: types[".json"], body: Buffer.from(config) };
    }
    if (path.startsWith("/corpus/")) {
      const id = path.slice("/corpus/".length).replace(/\.json$/, "");
      const found = id === "index" ? corpusIndex() : caseOf(id);
      return found && { type: types[".json"], body: Buffer.from(JSON.stringify(found)) };
    }
    if (made.has(path)) {
      return { type: types[extname(path)], body: made.get(path) };
    }
    const [prefix, folder] = roots.find(([prefix]) => path.startsWith(prefix));
    const rest = path.slice(prefix.length) || "index.html";
    const file = normalize(join(folder, rest));
    const type = types[extname(file)];
    if (!type || !file.startsWith(normalize(folder + sep))) {
      return undefined;
    }
    const body = await readFile(file);
    return { type, body: type === types[".css"] ? Buffer.from((await transform(body, css)).code) : body };
  }

  const server = createServer(async (request, response) => {
    const found = request.method === "GET" ? await answer(request.url).catch(() => undefined) : undefined;
    const { body, encoding } = found ? await compress(found.body, request.headers["accept-encoding"]) : {};
    response.sendDate = false; // nothing is stored, so nothing has an age
    response.writeHead(found ? 200 : 404, {
      "content-type": found?.type ?? "text/plain",
      ...(encoding && { "content-encoding": encoding }), // nothing is stored that could be given to another client
      // Only pages and workers need the policy; browsers ignore it on other files.
      ...(found && runs(found.type, request.url) && { "content-security-policy": policy }),
      "x-content-type-options": "nosniff",
      "cache-control": found?.type === types[".svg"] ? "max-age=3600" : "no-store", // the icon stands in the page, too
      ...(body && { "content-length": body.length }),
    });
    response.end(body ?? "There is nothing here.\n");
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://localhost:${server.address().port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const provider = await startProvider();
  const server = await startServer({ provider: provider.url, port: Number(process.env.PORT ?? 8080) });
  console.log(`${server.url} (the provider is ${provider.url})`);
}
