// The core built by Go's own compiler (`make wasm-go`): fifty times the size, but built in seconds, for trying changes
// to the core in a page. It needs the imports of a Go program; the shipped module needs none.
import type { Instantiate } from "./abi.js";

/** What wasm_exec.js, which comes with Go, defines. */
interface WasmExec {
  Go?: new () => { importObject: WebAssembly.Imports; run(instance: WebAssembly.Instance): Promise<void> };
  /** The calls of a program built for GOOS=js: wasm/guest/main_js.go registers them. */
  steadfetch?: Record<string, WebAssembly.ExportValue>;
}

/** Makes instances of a module that Go's compiler built; `undefined` for any other. */
export function builtByGo(module: WebAssembly.Module): Instantiate | undefined {
  const from = WebAssembly.Module.imports(module)[0]?.module;
  return from === "gojs"
    ? () => program(module)
    : from === "wasi_snapshot_preview1"
      ? () => reactor(module)
      : undefined;
}

/** For GOOS=js. The program registers its calls and then waits for the life of the page. */
function program(module: WebAssembly.Module): WebAssembly.Exports {
  const host = globalThis as WasmExec;
  if (!host.Go) {
    throw new Error("steadfetch: load Go's wasm_exec.js first");
  }
  const go = new host.Go();
  const instance = new WebAssembly.Instance(module, go.importObject);
  void go.run(instance);
  return { ...host.steadfetch, memory: instance.exports.mem as WebAssembly.Memory, _initialize() {} };
}

const badDescriptor = 8;

/** For GOOS=wasip1, built as a reactor. Go's runtime asks for clocks and random numbers of its own; the core uses none. */
function reactor(module: WebAssembly.Module): WebAssembly.Exports {
  const view = () => new DataView((exports.memory as WebAssembly.Memory).buffer);
  const none = (count: number, size: number) => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return 0;
  };
  const wasi: WebAssembly.ModuleImports = {
    args_sizes_get: none,
    environ_sizes_get: none,
    clock_time_get(_id: number, _precision: bigint, at: number) {
      view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
      return 0;
    },
    random_get(at: number, n: number) {
      crypto.getRandomValues(new Uint8Array(view().buffer, at, n));
      return 0;
    },
    /** The message of a program that panics. */
    fd_write(_to: number, list: number, n: number, written: number) {
      let sum = 0;
      for (let at = list; at < list + 8 * n; at += 8) {
        const length = view().getUint32(at + 4, true);
        console.error(new TextDecoder().decode(new Uint8Array(view().buffer, view().getUint32(at, true), length)));
        sum += length;
      }
      view().setUint32(written, sum, true);
      return 0;
    },
    proc_exit(code: number) {
      throw new Error(`steadfetch: the module ended with ${code}`);
    },
  };
  for (const { name } of WebAssembly.Module.imports(module)) {
    wasi[name] ??= name.startsWith("fd_") ? () => badDescriptor : () => 0;
  }
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi });
  return exports;
}
