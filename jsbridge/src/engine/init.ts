import { builtByGo } from "./go.js";
import { hasModule, load, type PlainJavaScript, setFallback } from "./module.js";

// Written so that it also compiles without the DOM's types, which define the name.
type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer M } } } ? M : never;

/** Where {@link init} can take the module from. */
export type ModuleSource = WasmModule | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Response | URL | string;

/** Options of {@link init}, instead of a source. */
export interface InitOptions {
  /** Loads the module as plain JavaScript, where WebAssembly is not allowed: `() => import("steadfetch/js")`. */
  fallback: () => PromiseLike<PlainJavaScript>;
}

/**
 * Compiles the module ahead of time and asynchronously.
 *
 * You need not call it: `createFetch`, `stream` and `retry` do so themselves
 * when they must. It is for three cases: a runtime that compiles nothing synchronously
 * (old WebViews, for modules over 4 KiB), where `classify`, `explain` and
 * `delay` throw until `init` is done; a module from elsewhere than this file,
 * given as `source`: a compiled module, its bytes, a response, or its address
 * (it may be one that Go's own compiler built, see `make wasm-go`: for
 * GOOS=wasip1, or for GOOS=js with Go's wasm_exec.js loaded before);
 * and a page whose policy forbids WebAssembly, which needs a `fallback`.
 *
 * Calls without a source may be repeated. A source is taken once, before the
 * first use; later it is refused. After a failure `init` may be called again.
 */
export async function init(source?: ModuleSource | PromiseLike<ModuleSource> | InitOptions): Promise<void> {
  if (typeof source === "object" && "fallback" in source) {
    setFallback(source.fallback);
    return load();
  }
  if (source === undefined) {
    return load();
  }
  if (hasModule()) {
    throw new Error("steadfetch: there is a module already");
  }
  return load(async () => {
    let from = await source;
    if (typeof from === "string" || from instanceof URL) {
      from = await fetch(from);
    }
    if (typeof Response === "function" && from instanceof Response) {
      if (!from.ok) {
        throw new Error(`the server answered ${from.status}`);
      }
      // Not compileStreaming: it refuses a response without the right media type.
      from = await from.arrayBuffer();
    }
    const module = from instanceof WebAssembly.Module ? from : await WebAssembly.compile(from as BufferSource);
    return builtByGo(module) ?? module;
  });
}
