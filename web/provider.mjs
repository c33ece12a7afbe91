// Starts the provider that fails on command (hosttest/chattest) and controls it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The path of the provider's program: the variable CHATTEST, or one that is built now. */
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
 * Starts the provider on a free port of this machine. It runs until `stop()`, or
 * until this process ends.
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
    /** Registers a run: the answer's text, and the faults. */
    newRun: (run) => control("runs", { method: "POST", body: JSON.stringify(run) }),
    /** The provider's log of a run, once all of its requests are answered. */
    log: (id) => control(`runs/${id}?wait=idle`),
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
