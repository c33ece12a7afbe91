/**
 * The same package, with its module as plain JavaScript, for where WebAssembly
 * is not allowed. Import from it, or hand it to `init` as the `fallback`.
 *
 * @module
 */
import { embedded as plain } from "embedded:steadfetch";

export * from "./index.js";

/** For `init`'s `fallback` alone. */
export const embedded: () => unknown = plain;
