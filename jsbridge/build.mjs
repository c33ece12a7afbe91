// Builds the package into dist: ESM and CommonJS, types, and the module itself.
// With --size it also prints what the parts weigh.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { embed } from "./embed.mjs";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
/** The module to embed: the one in the repository, or another build of it. */
const wasm = process.env.STEADFETCH_MODULE ?? join(here, "..", "wasm", "steadfetch.wasm");

export const common = {
  absWorkingDir: here,
  bundle: true,
  plugins: [embed(wasm)],
  platform: "neutral",
  target: ["es2022"],
  legalComments: "none",
  sourcemap: true,
  logLevel: "warning",
};

/** Sub-paths that need no module of their own. */
const parts = { testing: "testing/index", element: "ui/element", react: "ui/react" };

/** Leaves the package itself out of its parts, and one part out of another, so that a page has one module and not two. */
const share = (index, element) => ({
  name: "share",
  setup(build) {
    build.onResolve({ filter: /^\.\.\/index\.js$/ }, () => ({ path: index, external: true }));
    build.onResolve({ filter: /^\.\/element\.js$/ }, () => ({ path: element, external: true }));
  },
});
/** By their names, since which entry it is depends on the runtime. */
const byName = share("steadfetch", "steadfetch/element");

/** The package without its types: what its tests need. */
export async function bundles() {
  const part = {
    ...common,
    entryPoints: Object.entries(parts).map(([out, path]) => ({ in: `src/${path}.ts`, out })),
    external: ["react"],
  };
  const entry = { ...common, entryPoints: ["src/index.ts"] };
  const plain = { ...common, entryPoints: [await plainJavaScript()], minify: true, sourcemap: false };
  const asPlain = { ...common, entryPoints: ["src/js.ts"], plugins: [embed(wasm, "plain")] };
  await Promise.all([
    build({ ...entry, format: "esm", outfile: "dist/index.js" }),
    build({ ...entry, format: "cjs", outfile: "dist/cjs/index.js" }),
    build({ ...entry, plugins: [embed(wasm, "imported")], format: "esm", outfile: "dist/workerd.js" }),
    build({ ...asPlain, format: "esm", outfile: "dist/js.js" }),
    build({ ...part, plugins: [byName], format: "esm", outdir: "dist" }),
    build({
      ...part,
      plugins: [share("./index.js", "./element.js")],
      format: "cjs",
      outdir: "dist/cjs",
      supported: { "dynamic-import": false }, // Jest has no import() in CommonJS
    }),
    build({ ...asPlain, format: "cjs", outfile: "dist/cjs/js.js" }),
    build({ ...plain, format: "esm", outfile: "dist/plain.js" }),
    // Node.js finds names in CommonJS by their looks, which minifying spoils.
    build({
      ...plain,
      format: "cjs",
      outfile: "dist/cjs/plain.js",
      footer: { js: "0&&(module.exports={instantiate});" },
    }),
  ]);
  // In a folder of its own, since the package as a whole is ESM.
  writeFileSync(join(dist, "cjs", "package.json"), '{ "type": "commonjs" }\n');
  cpSync(wasm, join(dist, "steadfetch.wasm"));
  const notices = ["LICENSE", "NOTICE"].map((name) => readFileSync(join(here, "..", name), "utf8"));
  writeFileSync(join(here, "LICENSE"), notices.join("\n")); // npm packs it, and no other name
  folders();
}

/** A folder for each sub-path, for those that read no "exports": Parcel by default, and TypeScript's node10. */
function folders() {
  for (const [name, path] of Object.entries({ js: "js", ...parts })) {
    const to = (file) => `../dist/${file}`;
    const types = to(`cjs/${path}.d.ts`);
    mkdirSync(join(here, name), { recursive: true });
    const content = { main: to(`cjs/${name}.js`), module: to(`${name}.js`), types };
    writeFileSync(join(here, name, "package.json"), `${JSON.stringify(content, null, 2)}\n`);
  }
}

/** The module as plain JavaScript: made once for each module, since it takes seconds. */
async function plainJavaScript() {
  const hash = createHash("sha256").update(readFileSync(wasm)).digest("hex").slice(0, 16);
  const out = join(here, ".cache", `plain-${hash}.js`);
  if (!existsSync(out)) {
    const binaryen = join(dirname(require.resolve("binaryen/package.json")), "bin");
    mkdirSync(dirname(out), { recursive: true });
    execFileSync(join(here, "..", "wasm", "toolchain", "wasm2js.sh"), [out, wasm], {
      env: { ...process.env, BINARYEN: binaryen },
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return out;
}

/** The types, beside the bundles. */
export function types() {
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", here], { stdio: "inherit" });
  // The same types for CommonJS: TypeScript tells the two apart by the nearest package.json.
  writeFileSync(
    join(dist, "steadfetch.wasm.d.ts"),
    "/** What bundlers and runtimes that import modules give; to be handed to init(). */\ndeclare const module: WebAssembly.Module;\nexport default module;\n",
  );
  for (const file of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith(".d.ts"))) {
    cpSync(join(dist, file), join(dist, "cjs", file));
  }
}

async function main() {
  rmSync(dist, { recursive: true, force: true });
  await bundles();
  types();
  if (process.argv.includes("--size")) {
    await size();
  }
}

const weight = (bytes) => [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];

/** What a page downloads that has these options of esbuild for an entry, in one minified file. */
async function weigh(options) {
  const result = await build({ ...common, format: "esm", minify: true, sourcemap: false, write: false, ...options });
  return weight(result.outputFiles[0].contents);
}

/** A page that uses only `what`. */
const using = (what, form = "inline") =>
  weigh({
    plugins: [embed(wasm, form)],
    stdin: { contents: `export { ${what} } from "./src/index.ts"`, resolveDir: here, loader: "ts" },
  });

/** A part, beside the package itself. */
const part = (name) => weigh({ entryPoints: [`src/${parts[name]}.ts`], plugins: [byName], external: ["react"] });

/** What each thing weighs: raw, by gzip, by brotli. */
export async function sizes() {
  return {
    "the module": weight(readFileSync(wasm)),
    "`createFetch`": await using("createFetch"),
    "`createFetch`, its JavaScript alone": await using("createFetch", "none"),
    "`createFetch`, `stream`": await using("createFetch, stream"),
    everything: await using("createFetch, stream, retry, classify, classifyResponse, explain, createController, init"),
    "`steadfetch/js` as the fallback, besides": weight(readFileSync(join(dist, "plain.js"))),
    ...Object.fromEntries(
      await Promise.all(Object.keys(parts).map(async (name) => [`\`steadfetch/${name}\`, besides`, await part(name)])),
    ),
  };
}

/** The sizes as a table for the README, in kB. */
async function size() {
  const row = (...cells) => `| ${cells.join(" | ")} |`;
  console.log(row("one file, minified", "raw", "gzip", "brotli"));
  console.log(row("---", "--:", "--:", "--:"));
  for (const [name, bytes] of Object.entries(await sizes())) {
    console.log(row(name, ...bytes.map((n) => (n / 1000).toFixed(1))));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
}
