// Reads batches of calls from standard input, a batch per line of JSON, and prints the digests of their results, a line per
// batch. Arguments: the kind of the build (module, plain, go), its file, and for go its wasm_exec.js.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [kind, file, support] = process.argv.slice(2);

async function instantiate() {
  if (kind === "plain") {
    return (await import(pathToFileURL(file))).instantiate();
  }
  const module = new WebAssembly.Module(readFileSync(file));
  if (kind === "module") {
    return new WebAssembly.Instance(module).exports;
  }
  await import(pathToFileURL(support));
  const go = new globalThis.Go();
  const instance = await WebAssembly.instantiate(module, go.importObject);
  go.run(instance); // it runs until the process exits
  return { ...globalThis.steadfetch, memory: instance.exports.mem };
}

const exports = await instantiate();
exports._initialize?.();

// Any call may grow the memory, which invalidates views of it.
const view = (at, n) => new Uint8Array(exports.memory.buffer, at >>> 0, n);

/** FNV-1a, 32 bits. */
function digest(pieces) {
  let hash = 0x811c9dc5;
  for (const bytes of pieces) {
    for (let i = 0; i < bytes.length; i++) {
      hash = Math.imul(hash ^ bytes[i], 0x01000193);
    }
  }
  return hash >>> 0;
}

const number = (n) => new Uint8Array(new Int32Array([n]).buffer);
const result = (n) => [number(n), view(exports.result(), Math.abs(n)).slice()];

function moves(pieces, handle) {
  const at = exports.session_moves(handle) >>> 0;
  if (!at) {
    return pieces;
  }
  const [count] = new Int32Array(exports.memory.buffer, at, 1);
  for (let i = 0; i < count; i++) {
    const place = at + 4 + 12 * i;
    const [move, n, third] = new Int32Array(exports.memory.buffer, place, 3);
    if (move === 3) {
      pieces.push(view(place, 8).slice(), view(third, n).slice());
    } else {
      pieces.push(view(place, 12).slice());
    }
  }
  return pieces;
}

function ask(handles, { name, session = 0, attempt = 0, now = 0, in: base64 = "" }) {
  const input = Buffer.from(base64, "base64");
  const at = exports.buffer(input.length);
  view(at, input.length).set(input);
  const n = input.length;
  const handle = handles[session] ?? 0;
  switch (name) {
    case "session_new": {
      const made = exports.session_new(n);
      handles.push(Math.max(made, 0));
      return made > 0 ? [number(1)] : result(made);
    }
    case "session_event":
      return moves(result(exports.session_event(handle, n)), handle);
    case "session_chunk": {
      const ready = exports.session_chunk(handle, attempt, n, now);
      return moves(ready < 0 ? result(ready) : [number(ready)], handle);
    }
    case "session_rewrite":
      return result(exports.session_rewrite(handle, n));
    case "session_body": {
      const more = exports.session_body(handle, n);
      return more < 0 ? result(more) : [number(more)];
    }
    case "session_free":
      exports.session_free(handle);
      return [number(0)];
    case "session_snapshot":
    case "session_about":
    case "session_ending":
      return result(exports[name](handle));
    case "delay":
      return [number(exports.delay(attempt))];
    default:
      return result(exports[name](n));
  }
}

const handles = [];
for await (const line of createInterface(process.stdin)) {
  const digests = JSON.parse(line).map((call) => digest(ask(handles, call)));
  if (!process.stdout.write(`${JSON.stringify(digests)}\n`)) {
    await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
}
