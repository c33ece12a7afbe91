// The page's modules as browsers get them: minified, one file for each view, and what they import from "./vendor/": the
// package, the engine in it, the plot, and the SDKs that the package is compared with, each loaded when it is chosen.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** The packages that stand on the other side, by the name that the page has for them. */
export const peers = { openai: "openai", anthropic: "@anthropic-ai/sdk", ai: "ai" };

const entries = {
  // The built package, as it is where a runtime imports the module: here the page fetches it, once for all that use it.
  steadfetch: 'export { classify, createController, explain, init, stream } from "../jsbridge/dist/workerd.js"',
  element: 'export * from "../jsbridge/dist/element.js"',
  // The package has no way in for those who bring a clock of their own, so the storm and the plot of waits take the engine's
  // source.
  engine: `export { makeEngine } from "../jsbridge/src/engine/abi.ts";
    export { toWireShape } from "../jsbridge/src/engine/names.ts";`,
  uplot: 'export { default } from "uplot"',
  openai: 'export { default } from "openai"',
  anthropic: 'export { default } from "@anthropic-ai/sdk"',
  // Under the page's policy zod may not compile its checks, and trying would be a complaint in the console.
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

/** Gives what `./vendor/NAME.js` stands for. */
const vendor = {
  name: "vendor",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/vendor\/\w+\.js$/ }, ({ path }) => ({
      path: path.replace(/.*\//, ""),
      namespace: "vendor",
    }));
    onLoad({ filter: /./, namespace: "vendor" }, ({ path }) => ({
      contents: entries[path.replace(".js", "")],
      resolveDir: here,
    }));
  },
};

/** The modules, by the path that the page has for each. */
export async function bundle() {
  const { outputFiles } = await build({
    absWorkingDir: join(here, "public"),
    entryPoints: ["main.js", "storm/worker.js"],
    outdir: "/",
    outbase: ".",
    bundle: true,
    splitting: true,
    chunkNames: "[name]-[hash]",
    plugins: [vendor],
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "none",
    loader: { ".wasm": "empty" },
    write: false,
    logLevel: "error",
  });
  const made = new Map(outputFiles.map(({ path, contents }) => [path, Buffer.from(contents)]));
  made.set("/uplot.css", readFileSync(require.resolve("uplot/dist/uPlot.min.css")));
  return made;
}
