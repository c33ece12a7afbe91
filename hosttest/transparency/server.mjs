// Starts the server of the table, and gives its cases and servers for them.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

function program() {
  const folder = join(here, ".cache");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, process.platform === "win32" ? "transparency.exe" : "transparency");
  execFileSync("go", ["build", "-o", file, "./cmd/transparency"], { cwd: here, stdio: "inherit" });
  return file;
}

/** Ends with `stop()`, and at the latest with this process. */
export async function startTable() {
  const child = spawn(program(), [], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    exited.then(([code]) => Promise.reject(new Error(`the server ended with ${code} before it was ready`))),
  ]);
  const { url } = JSON.parse(line);
  const ask = async (path, method = "POST") => {
    const response = await fetch(`${url}/${path}`, { method });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };
  return {
    cases: await ask("cases", "GET"),
    /** A new server for a case; `close` says how many requests it got. */
    async open(number) {
      const { id, url } = await ask(`open?case=${number}`);
      return { url, close: async () => (await ask(`close?id=${id}`)).requests };
    },
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
