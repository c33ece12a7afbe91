// Bundles the page's modules for browsers: minified, one file for each view, and what they import from "./vendor/": the
// package, its engine, the plot, and the SDKs that it is compared with, each loaded when it is chosen.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** The packages that steadfetch is compared with, by the name that the page uses for them. */
export const peers = { openai: "openai", anthropic: "@anthropic-ai/sdk", ai: "ai" };

const entries = {
  // The build of the package that does not embed the module: the page fetches the module once, for everything that uses it.
  steadfetch: 'export { classify, createController, explain, init, stream } from "../jsbridge/dist/workerd.js"',
  element: 'export * from "../jsbridge/dist/element.js"',
  // The package's API does not accept a clock, so the storm and the plot of waits import the engine's source.
  engine: `export { makeEngine } from "../jsbridge/src/engine/abi.ts";
    export { toWireShape } from "../jsbridge/src/engine/names.ts";`,
  uplot: 'export { default } from "uplot"',
  openai: 'export { default } from "openai"',
  anthropic: 'export { default } from "@anthropic-ai/sdk"',
  // The page's content security policy forbids zod to compile its checks; trying would log an error in the console.
  ai: `import { config } from "zod/v4";
    config({ jitless: true });
    export { streamText } from "ai";
    export { createOpenAI } from "@ai-sdk/openai";`,
};

/** Their versions. */
export function versions() {
  const versionOf = (name) => {
    const file = require.resolve(name).replace(/(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+).*/s, "$1");
    return JSON.parse(readFileSync(join(file, "package.json"), "utf8")).version;
  };
  return Object.fromEntries(Object.entries(peers).map(([id, name]) => [id, versionOf(name)]));
}

/** Resolves `./vendor/NAME.js` to the entry of that name, but for those of the peers' own build. */
const vendor = {
  name: "vendor",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/vendor\/\w+\.js$/ }, ({ path, kind }) => {
      const name = path.replace(/.*\/(.*)\.js/, "$1");
      return name in peers && kind !== "entry-point"
        ? { path: `./peers/${name}.js`, external: true }
        : { path: name, namespace: "vendor" };
    });
    onLoad({ filter: /\.wasm$/ }, () => ({ contents: "export default undefined" })); // the page fetches it
    onLoad({ filter: /./, namespace: "vendor" }, ({ path }) => ({ contents: entries[path], resolveDir: here }));
  },
};

const options = {
  absWorkingDir: join(here, "public"),
  outdir: "/",
  outbase: ".",
  bundle: true,
  splitting: true,
  plugins: [vendor],
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  legalComments: "none",
  write: false,
  logLevel: "error",
};

/** The modules, by the path that the page uses for each. The peers share nothing with the page, not even helpers. */
export async function bundle() {
  const builds = [
    { ...options, entryPoints: ["main.js", "storm/worker.js"], chunkNames: "[name]-[hash]" },
    {
      ...options,
      entryPoints: Object.fromEntries(Object.keys(peers).map((name) => [`peers/${name}`, `./vendor/${name}.js`])),
      chunkNames: "peers/[name]-[hash]",
    },
  ];
  const files = (await Promise.all(builds.map(build))).flatMap(({ outputFiles }) => outputFiles);
  const made = new Map(files.map(({ path, contents }) => [path, Buffer.from(contents)]));
  made.set("/uplot.css", readFileSync(require.resolve("uplot/dist/uPlot.min.css")));
  return made;
}
