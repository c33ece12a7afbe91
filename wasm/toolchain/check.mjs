// Checks a module: prints its exports and its size, and exits with 1 if some host could not run it, because it imports
// something or lacks what every host calls first.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [path] = process.argv.slice(2);
const bytes = readFileSync(path);
const module = new WebAssembly.Module(bytes);
const faults = [];

for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  faults.push(`it imports ${kind} ${from}.${name}; a module that imports anything needs a shim in every host`);
}

const exports = WebAssembly.Module.exports(module);
for (const [name, kind] of [
  ["memory", "memory"],
  ["_initialize", "function"],
]) {
  if (!exports.some((e) => e.name === name && e.kind === kind)) faults.push(`it does not export the ${kind} ${name}`);
}

// Names and producers serve debuggers only; target_features serves linkers only. All of them cost bytes in every page.
for (const section of ["name", "producers", "target_features"]) {
  if (WebAssembly.Module.customSections(module, section).length > 0) faults.push(`it has a ${section} section`);
}

// V8 compiles functions when they are first called, so only a run shows that start-up does not trap.
if (faults.length === 0) new WebAssembly.Instance(module).exports._initialize();

const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
console.log(`imports: ${WebAssembly.Module.imports(module).length}`);
console.log(`exports: ${exports.map((e) => e.name).join(" ")}`);
console.log(`size: ${bytes.length} raw, ${gzipSync(bytes, { level: 9 }).length} gzip, ${brotli.length} brotli`);
for (const fault of faults) console.error(`${path}: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
