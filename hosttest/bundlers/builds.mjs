// How to build an application with each bundler, configured only with where it is and where the result goes.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import nodeResolve from "@rollup/plugin-node-resolve";
import { rspack } from "@rspack/core";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import webpack from "webpack";

const here = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);

/** The version of the package that is installed under this name. */
export const versionOf = (name) =>
  JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"), "utf8")).version;

const complain = (what) => {
  if (what.length > 0) throw new Error(what.map((one) => one.message ?? one.text ?? String(one)).join("\n"));
};

/** Writes the page for a bundler whose entry point is a script. */
function writePage(folder, script) {
  const page = readFileSync(join(folder, "index.html"), "utf8");
  writeFileSync(join(folder, "dist", "index.html"), page.replace(/<script.*<\/script>/, script));
  return join(folder, "dist");
}

const vite = (name) => async (folder) => {
  const { build, createLogger } = await import(name);
  const warnings = [];
  const customLogger = createLogger("warn");
  customLogger.warn = (text) => warnings.push(text);
  await build({ root: folder, configFile: false, customLogger });
  complain(warnings);
  return join(folder, "dist");
};

/** webpack and rspack. */
const packed = (pack) => async (folder) => {
  const path = join(folder, "dist");
  const stats = await promisify(pack)({ mode: "production", context: folder, entry: "./main.js", output: { path } });
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  complain(errors);
  // By default they warn above 244 KiB for a whole page, which is not what is tested here.
  complain(warnings.filter(({ message }) => !/size limit|performance recommendations/.test(message)));
  return writePage(folder, '<script defer src="main.js"></script>');
};

const esbuilt = (options, script) => async (folder) => {
  const result = await esbuild.build({
    entryPoints: [join(folder, "main.js")],
    outdir: join(folder, "dist"),
    bundle: true,
    minify: true,
    logLevel: "silent",
    ...options,
  });
  complain(result.warnings);
  return writePage(folder, script);
};

async function rolled(folder) {
  const warnings = [];
  const plugins = [nodeResolve({ browser: true })]; // without it, Rollup finds no packages
  const bundle = await rollup({ input: join(folder, "main.js"), plugins, onwarn: (warning) => warnings.push(warning) });
  await bundle.write({ dir: join(folder, "dist"), format: "es" });
  complain(warnings);
  return writePage(folder, '<script type="module" src="main.js"></script>');
}

async function parceled(folder) {
  const program = join(here, "node_modules", ".bin", "parcel");
  const args = ["build", "index.html", "--dist-dir", "dist", "--no-cache", "--no-source-maps"];
  await run(program, args, { cwd: folder, env: { ...process.env, NODE_ENV: "production" } });
  return join(folder, "dist");
}

/**
 * Bundlers for pages: `build(folder)` builds a copy of the application and returns the folder to serve. `itsOwn` matches
 * console messages that all its pages cause under strict policies; `never` lists what cannot work with it, and why.
 */
export const pages = [
  { name: "vite 5", package: "vite-5", build: vite("vite-5") },
  { name: "vite 7", package: "vite-7", build: vite("vite-7") },
  { name: "vite 8", package: "vite", build: vite("vite") },
  { name: "webpack", package: "webpack", build: packed(webpack) },
  { name: "rspack", package: "@rspack/core", build: packed(rspack) },
  { name: "rollup", package: "rollup", build: rolled },
  { name: "esbuild", package: "esbuild", build: esbuilt({}, '<script defer src="main.js"></script>') },
  {
    name: "esbuild, split",
    package: "esbuild",
    build: esbuilt({ format: "esm", splitting: true }, '<script type="module" src="main.js"></script>'),
  },
  {
    name: "parcel",
    package: "parcel",
    build: parceled,
    itsOwn: /inline script/,
    never: { "script-src self": "since its pages find what is loaded later by an inline import map" },
  },
];

/** Servers of pages from their sources: `start(folder)` returns the page's address and how to stop. */
export const devServers = ["vite-5", "vite-7", "vite"].map((name) => ({
  name: `${name === "vite" ? "vite 8" : name.replace("-", " ")}, dev`,
  package: name,
  async start(folder) {
    const { createServer } = await import(name);
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: "warn",
      // Otherwise it would use an earlier build of the package from its cache.
      cacheDir: join(folder, ".vite"),
      server: { host: "127.0.0.1", port: 0, strictPort: false },
    });
    await server.listen();
    const { port } = server.httpServer.address();
    return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
  },
}));

/** webpack and rspack. */
const packedForNode = (pack) => async (folder) => {
  const config = { mode: "production", target: "node", context: folder, entry: "./node.js" };
  const stats = await promisify(pack)({ ...config, output: { path: join(folder, "dist"), filename: "node.cjs" } });
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  complain([...errors, ...warnings]);
  return join(folder, "dist", "node.cjs");
};

const esbuiltForNode = (format, extension) => async (folder) => {
  const outfile = join(folder, "dist", `node.${extension}`);
  const entryPoints = [join(folder, "node.js")];
  const result = await esbuild.build({
    entryPoints,
    bundle: true,
    platform: "node",
    format,
    outfile,
    logLevel: "silent",
  });
  complain(result.warnings);
  return outfile;
};

/** Bundlers for Node.js programs: `build(folder)` returns the file to run. */
export const programs = [
  { name: "webpack, for Node.js", package: "webpack", build: packedForNode(webpack) },
  { name: "rspack, for Node.js", package: "@rspack/core", build: packedForNode(rspack) },
  { name: "esbuild, for Node.js, as CommonJS", package: "esbuild", build: esbuiltForNode("cjs", "cjs") },
  { name: "esbuild, for Node.js, as ESM", package: "esbuild", build: esbuiltForNode("esm", "mjs") },
];

/** Copies an application to a folder in which it can be built. */
export function copyApp(name, from) {
  const folder = join(here, ".cache", "apps", name.replace(/\W+/g, "-"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, from), folder, { recursive: true });
  return folder;
}
