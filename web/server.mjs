// Serves the page: its own files, the built package, and the provider's address.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
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

/**
 * Starts the server on this machine only. `provider` is the address that the
 * page sends its chats to. `folders` are served besides the page's own, by the
 * path that they begin with: `{ "/bundle/": "/some/folder" }`.
 */
export async function startServer({ provider = "", port = 0, folders = {} }) {
  if (!existsSync(join(built, "index.js"))) {
    throw new Error("the package is not built yet: npm run build -w steadfetch");
  }
  const roots = Object.entries({ ...folders, "/steadfetch/": built, "/": join(here, "public") });
  // A strict page: no inline script or style, no other origin than the provider's.
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
      return { type: types[".json"], body: JSON.stringify({ provider }) };
    }
    const [prefix, folder] = roots.find(([prefix]) => path.startsWith(prefix));
    const rest = path.slice(prefix.length) || "index.html";
    const file = normalize(join(folder, rest));
    const type = types[extname(file)];
    if (!type || !file.startsWith(normalize(folder + sep))) {
      return undefined;
    }
    return { type, body: await readFile(file) };
  }

  const server = createServer(async (request, response) => {
    const found = request.method === "GET" ? await answer(request.url).catch(() => undefined) : undefined;
    response.writeHead(found ? 200 : 404, {
      "content-type": found?.type ?? "text/plain",
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
    response.end(found?.body ?? "There is nothing here.\n");
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
