// Next.js: its build, and its server.
import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort, start as startProgram } from "../processes.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The Next.js program that an application's folder resolves to. */
const programOf = (folder) => createRequire(join(folder, "package.json")).resolve("next/dist/bin/next");
export const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
delete env.NODE_ENV;

/** Adds what both applications share. */
export function complete(folder) {
  cpSync(join(here, "app", "ask.js"), join(folder, "app", "ask.js"));
}

/** Builds for production and returns what the build printed. */
export async function build(folder, ...options) {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [programOf(folder), "build", ...options], {
    cwd: folder,
    env,
  });
  return stdout + stderr;
}

/** Starts a server of it. `how` is "start" or "dev". */
export async function start(folder, how, ...options) {
  const port = await freePort();
  const args = [programOf(folder), how, "--port", String(port), "--hostname", "127.0.0.1", ...options];
  const { child, failed, said, stop } = startProgram(process.execPath, args, { cwd: folder, env });
  const ready = new Promise((resolve) => {
    child.stdout.on("data", () => /Ready in/.test(said()) && resolve());
  });
  await Promise.race([ready, failed]);
  return { url: `http://127.0.0.1:${port}/`, said, close: stop };
}
