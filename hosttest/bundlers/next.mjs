// Next.js: its build, and its server.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const program = join(here, "node_modules", "next", "dist", "bin", "next");
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
delete env.NODE_ENV;

/** Adds what both applications share. */
export function complete(folder) {
  cpSync(join(here, "app", "ask.js"), join(folder, "app", "ask.js"));
}

/** Builds for production and gives what the build said. */
export async function build(folder, ...options) {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, "build", ...options], {
    cwd: folder,
    env,
  });
  return stdout + stderr;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a server of it, `how` being "start" or "dev". */
export async function start(folder, how, ...options) {
  const port = await freePort();
  const args = [program, how, "--port", String(port), "--hostname", "127.0.0.1", ...options];
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  let said = "";
  const ready = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => {
        said += text;
        if (/Ready in/.test(said)) resolve();
      });
  });
  const failed = ended.then(([code, signal]) => {
    throw new Error(`next ${how} ended with ${code ?? signal}\n${said}`);
  });
  failed.catch(() => {});
  await Promise.race([ready, failed]);
  return {
    url: `http://127.0.0.1:${port}/`,
    said: () => said,
    async close() {
      child.kill();
      await ended;
    },
  };
}
