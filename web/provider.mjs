// Starts the provider that fails on command (hosttest/chattest) and speaks to it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The provider's program: what the variable CHATTEST names, else built now. */
function program() {
  if (process.env.CHATTEST) {
    return process.env.CHATTEST;
  }
  const folder = join(root, "web", ".cache");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, process.platform === "win32" ? "chattest.exe" : "chattest");
  execFileSync("go", ["build", "-o", file, "./hosttest/chattest/cmd/chattest"], { cwd: root, stdio: "inherit" });
  return file;
}

/**
 * Starts the provider on a free port of this machine. It ends with `stop()`,
 * and at the latest with this process.
 */
export async function startProvider() {
  const child = spawn(program(), [], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface(child.stdout);
  const [line] = await Promise.race([
    once(lines, "line"),
    exited.then(([code]) => Promise.reject(new Error(`chattest ended with ${code} before it was ready`))),
  ]);
  const { url } = JSON.parse(line);

  async function control(path, init) {
    const response = await fetch(`${url}/_chattest/${path}`, init);
    const answer = await response.json();
    if (!response.ok) {
      throw new Error(answer.error);
    }
    return answer;
  }

  return {
    url,
    /** Registers a run: what is said, and what goes wrong. */
    newRun: (run) => control("runs", { method: "POST", body: JSON.stringify(run) }),
    /** What the provider saw of a run, once no request of it is being answered. */
    log: (id) => control(`runs/${id}?wait=idle`),
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
