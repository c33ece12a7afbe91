import { bytes as embedded } from "embedded:steadfetch.wasm";
import { type Engine, makeEngine } from "./abi.js";

/** Where {@link init} can take the module from. */
export type ModuleSource = WebAssembly.Module | BufferSource | Response | URL | string;

let compiled: WebAssembly.Module | undefined;
let pending: Promise<void> | undefined;
let failure: { cause: unknown } | undefined;
let current: Engine | undefined;

/**
 * Compiles the module ahead of time and asynchronously.
 *
 * Nobody has to call it: `createFetch`, `stream` and `retry` do so themselves
 * when they must. It is for two cases: a runtime that compiles nothing at once
 * (old WebViews, for modules over 4 KiB), where `classify`, `explain` and
 * `delay` throw until `init` is done; and a module from elsewhere than this
 * file, given as `source`: a compiled module, its bytes, a response, or its
 * address.
 *
 * Calls without a source may be repeated. A source is taken once, before the
 * first use; later it is refused. After a failure `init` may be called again.
 */
export async function init(source?: ModuleSource | PromiseLike<ModuleSource>): Promise<void> {
  if (source !== undefined && (pending || compiled)) {
    throw new Error("steadfetch: there is a module already");
  }
  return load(source === undefined ? undefined : () => moduleOrBytes(source));
}

async function moduleOrBytes(
  source: ModuleSource | PromiseLike<ModuleSource>,
): Promise<WebAssembly.Module | BufferSource> {
  let from = await source;
  if (typeof from === "string" || from instanceof URL) {
    from = await fetch(from);
  }
  if (typeof Response === "function" && from instanceof Response) {
    if (!from.ok) {
      throw new Error(`the server answered ${from.status}`);
    }
    // Not compileStreaming: it refuses servers that do not know the media type.
    from = await from.arrayBuffer();
  }
  return from as WebAssembly.Module | BufferSource;
}

function load(source?: () => Promise<WebAssembly.Module | BufferSource>): Promise<void> {
  pending ??= (async () => {
    try {
      const from = (await source?.()) ?? compiled ?? embedded();
      const module = from instanceof WebAssembly.Module ? from : await WebAssembly.compile(from);
      // Where modules do not compile at once, they are not instantiated at once.
      current ??= begin(await WebAssembly.instantiate(module));
      compiled = module;
      failure = undefined;
    } catch (cause) {
      failure = { cause };
      throw new Error("steadfetch: the module could not be loaded", failure);
    } finally {
      pending = undefined;
    }
  })();
  return pending;
}

function begin(instance: WebAssembly.Instance): Engine {
  const engine = makeEngine(instance, () => {
    if (current === engine) {
      current = undefined;
    }
  });
  return engine;
}

/**
 * The engine that all sessions of a page or process share, made now if need be.
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
    throw new Error("steadfetch: init() failed: try it again", failure);
  }
  try {
    compiled ??= new WebAssembly.Module(embedded());
    current = begin(new WebAssembly.Instance(compiled));
  } catch (cause) {
    throw new Error("steadfetch: nothing compiles at once here: await init() first", { cause });
  }
  return current;
}

/** The same for those who can wait. */
export async function ready(): Promise<Engine> {
  try {
    return engine();
  } catch {
    await load();
    return engine();
  }
}
