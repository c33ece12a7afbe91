// Installs the dependencies of a folder next to this file, and the package itself as npm would publish it:
//
//   node hosttest/install.mjs runtimes
//
// The folders are not workspaces, so that `make test` does not download their dependencies. Run this after a build.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Packs the built package and unpacks it into a folder's node_modules, as npm would. */
function layPackage(folder) {
  const modules = join(folder, "node_modules");
  mkdirSync(modules, { recursive: true });
  const staging = mkdtempSync(join(modules, ".steadfetch-"));
  try {
    const options = { cwd: join(here, "..", "jsbridge"), encoding: "utf8" };
    const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", staging], options);
    const answer = JSON.parse(packed);
    const [{ filename, size }] = Array.isArray(answer) ? answer : Object.values(answer);
    execFileSync("tar", ["-xzf", join(staging, filename), "-C", staging]);
    if (!existsSync(join(staging, "package", "dist", "index.js"))) {
      throw new Error("the package is not built: npm run build -w steadfetch");
    }
    rmSync(join(modules, "steadfetch"), { recursive: true, force: true });
    renameSync(join(staging, "package"), join(modules, "steadfetch"));
    console.log(`${filename}: ${size} bytes`);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Installs what the lock file lists, unless that was done since it last changed. */
function installLocked(folder) {
  const lock = join(folder, "package-lock.json");
  const done = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(done) || statSync(lock).mtimeMs > statSync(done).mtimeMs) {
    // Not `npm ci`: it refuses a lock file that lacks the programs of other platforms.
    const args = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
    execFileSync("npm", args, { cwd: folder, stdio: "inherit" });
  }
}

for (const name of process.argv.slice(2)) {
  const folder = join(here, name);
  installLocked(folder);
  layPackage(folder);
}
