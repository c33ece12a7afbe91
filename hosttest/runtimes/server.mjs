// The runner's server: gives the runtimes their job and the files that browsers load, and receives the outcomes.
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, dirname, extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** The packed package, not the sources in this repository. */
export const dist = dirname(fileURLToPath(import.meta.resolve("steadfetch")));

const load = (folder) =>
  Object.fromEntries(
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".json"))
      .map((name) => [basename(name, ".json"), JSON.parse(readFileSync(join(root, folder, name), "utf8"))]),
  );

/** The vectors that every runtime plays. */
export const vectors = { sessions: load("testdata/sessions"), classify: load("testdata/classify") };

/**
 * Starts the server, for this machine only. `runs` returns the live streams of a runtime's job; `outcome` is a promise of
 * what that runtime reports, which rejects after a minute.
 */
export async function startServer(runs) {
  const waiting = new Map();

  async function answer(request) {
    const { pathname } = new URL(request.url, "http://localhost");
    const [, what, ...rest] = pathname.split("/").map(decodeURIComponent);
    const host = rest.join("/");
    if (what === "job") {
      return { type: "application/json", body: JSON.stringify({ ...vectors, runs: await runs(host) }) };
    }
    if (what === "outcome" && request.method === "POST") {
      let text = "";
      for await (const piece of request.setEncoding("utf8")) text += piece;
      waiting.get(host)?.(JSON.parse(text));
      return { type: "text/plain", body: "heard\n" };
    }
    const folder = { steadfetch: dist, hosttest: join(root, "hosttest") }[what];
    const file = folder && normalize(join(folder, host));
    if (!file?.startsWith(folder + sep) || !types[extname(file)]) return undefined;
    return { type: types[extname(file)], body: await readFile(file) };
  }

  const server = createServer(async (request, response) => {
    const found = await answer(request).catch(() => undefined);
    response.writeHead(found ? 200 : 404, { "content-type": found?.type ?? "text/plain", "cache-control": "no-store" });
    response.end(found?.body ?? "There is nothing here.\n");
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    outcome: (host) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error("it reported nothing for a minute")), 60_000);
        waiting.set(host, (outcome) => {
          clearTimeout(late);
          resolve(outcome);
        });
        late.unref();
      }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
