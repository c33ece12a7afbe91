// What the bundler (build.mjs) inserts for the module. It differs by entry point.
declare module "embedded:steadfetch" {
  /** The module: its bytes, decoded again at every call; or compiled; or as plain JavaScript. */
  export function embedded(): Uint8Array<ArrayBuffer> | WebAssembly.Module | import("./abi.js").Instantiate;
}
