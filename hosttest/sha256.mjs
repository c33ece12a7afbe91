// Prints the SHA-256 of the module: committed, in the built package, and inlined in its JavaScript. Fails if they differ.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
let inlined;
WebAssembly.Module = new Proxy(WebAssembly.Module, {
  construct(target, [bytes]) {
    inlined = bytes;
    return new target(bytes);
  },
});
const { delay } = await import(new URL("jsbridge/dist/index.js", root).href);
delay(0); // compiles the module

const sums = {
  "wasm/steadfetch.wasm": readFileSync(new URL("wasm/steadfetch.wasm", root)),
  "jsbridge/dist/steadfetch.wasm": readFileSync(new URL("jsbridge/dist/steadfetch.wasm", root)),
  "inlined in jsbridge/dist/index.js": inlined,
};
for (const [where, bytes] of Object.entries(sums)) {
  sums[where] = createHash("sha256").update(bytes).digest("hex");
  console.log(`${sums[where]}  ${where}`);
}
process.exitCode = new Set(Object.values(sums)).size === 1 ? 0 : 1;
