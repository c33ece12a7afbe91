// Bundles the tests as the package is bundled, builds the provider once, and
// runs node:test over all of it. Arguments name test files; default is all.
// With --built the package is not bundled: make has just built it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundles, common, types } from "../build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const all = [here, join(here, "sdk"), join(here, "servers"), join(here, "package")].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.includes(".test."))
    .map((name) => join(folder, name)),
);
const args = process.argv.slice(2);
const built = args.includes("--built");
const wanted = args.filter((arg) => arg !== "--built").map((file) => resolve(file));
const files = wanted.length > 0 ? wanted : all;

/** Bundles those of the files that are TypeScript into a folder, and says what to run. */
async function bundle(files, out) {
  rmSync(out, { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: files.filter((file) => /\.tsx?$/.test(file)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    format: "esm",
    platform: "node",
    jsx: "automatic",
    packages: "external",
    tsconfigRaw: {}, // or the types' paths would lead imports of the package to its sources
    sourcemap: "inline",
  });
  return files.map((file) => (/\.tsx?$/.test(file) ? join(out, basename(file).replace(/\.tsx?$/, ".mjs")) : file));
}

const work = mkdtempSync(join(tmpdir(), "steadfetch-test-"));
let code = 1;
try {
  if (!built) {
    await bundles();
    if (files.some((file) => basename(file) === "package.test.mjs")) {
      types();
    }
  }
  // Inside the package, so that Node finds what the tests import.
  const run = await bundle(files, join(here, "..", ".cache", "test"));
  // Where React 18 is the one that Node finds.
  run.push(
    ...(await bundle(
      files.filter((file) => basename(file).startsWith("react")),
      join(here, "..", "..", "hosttest", "react18", ".cache"),
    )),
  );
  const chattest = join(work, "chattest");
  if (files.some((file) => file.endsWith(".mjs"))) {
    const go = spawnSync("go", ["build", "-o", chattest, "./hosttest/chattest/cmd/chattest"], {
      cwd: join(here, "..", ".."),
      stdio: "inherit",
    });
    if (go.status !== 0) {
      throw new Error("the test provider does not build");
    }
  }
  code =
    spawnSync(
      process.execPath,
      [
        "--enable-source-maps",
        "--expose-gc",
        "--test",
        "--test-reporter=spec",
        "--test-concurrency=2",
        "--test-timeout=300000",
        ...run,
      ],
      {
        stdio: "inherit",
        env: { ...process.env, CHATTEST: chattest },
      },
    ).status ?? 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = code;
