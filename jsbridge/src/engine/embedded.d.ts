// What the bundler (build.mjs) puts in the place of the module. It differs from entry to entry.
declare module "embedded:steadfetch" {
  /** The module: its bytes, decoded again at every call; or compiled; or as plain JavaScript. */
  export function embedded(): Uint8Array<ArrayBuffer> | WebAssembly.Module | import("./abi.js").Instantiate;
}
