// Starts the fault-injecting provider (hosttest/chattest) and speaks its JSON.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";

const root = new URL("../../..", import.meta.url).pathname;

/** The command: the one that the runner has built, or one built now. */
function command() {
  if (process.env.CHATTEST) {
    return process.env.CHATTEST;
  }
  const out = join(mkdtempSync(join(tmpdir(), "chattest-")), "chattest");
  const { status } = spawnSync("go", ["build", "-o", out, "./hosttest/chattest/cmd/chattest"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) {
    throw new Error("the test provider does not build");
  }
  return out;
}

/** A provider that ends with the tests of this file. */
export async function provider() {
  const child = spawn(command(), [], { stdio: ["pipe", "pipe", "inherit"] });
  after(() => child.stdin.end());
  const [line] = await once(createInterface(child.stdout), "line");
  const { url } = JSON.parse(line);
  return {
    /** Registers a run; `log()` says what the provider saw of it. */
    async run(...faults) {
      const response = await fetch(`${url}/_chattest/runs`, { method: "POST", body: JSON.stringify({ faults }) });
      const run = await response.json();
      if (!response.ok) {
        throw new Error(run.error);
      }
      const log = async () => (await fetch(`${url}/_chattest/runs/${run.id}?wait=idle`)).json();
      return { base: run.base, log };
    },
  };
}
