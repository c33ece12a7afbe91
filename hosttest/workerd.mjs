// Runs Workers in workerd, and bundles them for it.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { start } from "./processes.mjs";

const runtimes = fileURLToPath(new URL("runtimes/", import.meta.url));

/** The program's script, undefined if its package has no program for this machine. */
export const workerd = [join(runtimes, "node_modules", ".bin", "workerd")].find(existsSync);

/**
 * Bundles a Worker into a folder as wrangler does: with the export conditions of Workers, and with `module`, steadfetch's
 * module, copied next to the bundle. `source` is esbuild's entryPoints or stdin. `date` is the Worker's compatibility date.
 */
export async function bundleWorker(folder, source, module, date = "2026-11-01") {
  const leaveModules = {
    name: "leave modules",
    setup({ onResolve }) {
      onResolve({ filter: /\.wasm$/ }, () => ({ path: "./steadfetch.wasm", external: true }));
    },
  };
  await build({
    ...source,
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    plugins: [leaveModules],
    outfile: join(folder, "workerd.mjs"),
    logLevel: "warning",
  });
  copyFileSync(module, join(folder, "steadfetch.wasm"));
  const config = readFileSync(join(runtimes, "guests", "workerd.capnp"), "utf8").replace("COMPATIBILITY_DATE", date);
  writeFileSync(join(folder, "workerd.capnp"), config);
}

/** Serves a folder's Worker on a free port. Returns its `url`, and what `start` returns. */
export async function serveWorker(folder) {
  // Starts the program itself: the package's script does not pass open file descriptors on.
  const require = createRequire(join(runtimes, "node_modules/workerd/package.json"));
  const { default: command } = require("workerd");
  const args = ["serve", "workerd.capnp", "--control-fd=3"];
  const started = start(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const port = new Promise((resolve) => {
    let said = "";
    started.child.stdio[3].setEncoding("utf8").on("data", (text) => {
      said += text;
      for (const line of said.split("\n").slice(0, -1)) {
        const event = JSON.parse(line);
        if (event.event === "listen") resolve(event.port);
      }
    });
  });
  try {
    return { ...started, url: `http://127.0.0.1:${await Promise.race([port, started.failed])}` };
  } catch (error) {
    await started.stop();
    throw error;
  }
}
