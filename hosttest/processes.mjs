// Starts programs and stops them when they are no longer needed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

/** The path in the environment variable, or the first of these programs on the PATH. */
export function find(variable, ...names) {
  if (process.env[variable]) return process.env[variable];
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

/** A port that was free a moment ago, for programs that cannot choose one. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a program. `failed` rejects when it exits with an error, with its output, which `said()` returns too. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = once(child, "exit").catch((error) => [String(error)]);
  const failed = ended.then(([code, signal]) =>
    code === 0
      ? new Promise(() => {})
      : Promise.reject(new Error(`${command} ended with ${code ?? signal}\n${said.trim().slice(-4000)}`)),
  );
  failed.catch(() => {}); // it may reject while nobody waits for it
  return {
    child,
    failed,
    said: () => said,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill();
      const patience = setTimeout(() => child.kill("SIGKILL"), 3000); // some servers first wait for their clients
      await ended;
      clearTimeout(patience);
    },
  };
}
