import { embedded } from "embedded:steadfetch";
import { type Engine, type Instantiate, makeEngine } from "./abi.js";

/** What `import("steadfetch/js")` gives. */
export interface PlainJavaScript {
  embedded(): unknown;
}

let compiled: WebAssembly.Module | Instantiate | undefined;
let pending: Promise<void> | undefined;
let failure: { cause: unknown } | undefined;
let current: Engine | undefined;
let fallback: (() => PromiseLike<PlainJavaScript>) | undefined;

const advice =
  'where WebAssembly is not allowed, import from "steadfetch/js", or call init({ fallback: () => import("steadfetch/js") })';

/** Whether a module is loaded, or being loaded. */
export const hasModule = () => pending !== undefined || compiled !== undefined;

/** Sets the source of plain JavaScript, in case WebAssembly is refused. */
export function setFallback(source: () => PromiseLike<PlainJavaScript>): void {
  fallback = source;
}

/** Gets the module ready asynchronously: the one given, or the embedded one. */
export function load(source?: () => Promise<WebAssembly.Module | (() => WebAssembly.Exports)>): Promise<void> {
  pending ??= (async () => {
    try {
      const given = await source?.();
      try {
        await prepare(given ?? compiled ?? embedded());
      } catch (error) {
        // A page's policy may forbid WebAssembly; plain JavaScript replaces it.
        if (given || !fallback) {
          throw error;
        }
        await prepare((await fallback()).embedded() as Instantiate);
      }
      failure = undefined;
    } catch (cause) {
      failure = { cause };
      throw new Error(`steadfetch: the module could not be loaded; ${advice}`, failure);
    } finally {
      pending = undefined;
    }
  })();
  return pending;
}

async function prepare(from: WebAssembly.Module | BufferSource | Instantiate): Promise<void> {
  if (typeof from === "function") {
    current ??= begin(from());
    compiled = from;
    return;
  }
  const module = from instanceof WebAssembly.Module ? from : await WebAssembly.compile(from);
  // Where modules cannot be compiled synchronously, they cannot be instantiated synchronously.
  current ??= begin((await WebAssembly.instantiate(module)).exports);
  compiled = module;
}

function begin(exports: WebAssembly.Exports): Engine {
  const engine = makeEngine(exports, () => {
    if (current === engine) {
      current = undefined;
    }
  });
  return engine;
}

/**
 * The engine that all sessions of a page or process share, created on first use.
 * One that has trapped is replaced by a new instance of the same module.
 */
export function engine(): Engine {
  if (current) {
    return current;
  }
  if (pending) {
    throw new Error("steadfetch: init() is pending: await it first");
  }
  if (failure) {
    throw new Error(`steadfetch: init() failed: try it again; ${advice}`, failure);
  }
  try {
    const from = compiled ?? embedded();
    compiled = typeof from === "function" || from instanceof WebAssembly.Module ? from : new WebAssembly.Module(from);
    current = begin(typeof compiled === "function" ? compiled() : new WebAssembly.Instance(compiled).exports);
  } catch (cause) {
    throw new Error(`steadfetch: nothing compiles at once here: await init() first; ${advice}`, { cause });
  }
  return current;
}

/** The same, for callers that can wait. */
export async function ready(): Promise<Engine> {
  try {
    return engine();
  } catch {
    await load();
    return engine();
  }
}
