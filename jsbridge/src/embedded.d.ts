// The bundler (build.mjs) puts the built module here, as a string.
declare module "embedded:steadfetch.wasm" {
  /** The module's bytes. Decoded anew at every call. */
  export function bytes(): Uint8Array<ArrayBuffer>;
}
