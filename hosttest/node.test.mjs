// The vectors on Node.js: on the committed module, or on the file in STEADFETCH_MODULE. A module that Go's compiler built
// for GOOS=js also needs the path of its wasm_exec.js, in STEADFETCH_WASM_EXEC. Of each file of session vectors, the first of
// every STEADFETCH_SAMPLE is played; default: all.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { playClassify, playSessions } from "./vectors.mjs";

const root = new URL("../", import.meta.url);
const code = readFileSync(process.env.STEADFETCH_MODULE ?? new URL("wasm/steadfetch.wasm", root));
const module = new WebAssembly.Module(code);

const load = (folder) =>
  Object.fromEntries(
    readdirSync(new URL(folder, root))
      .filter((name) => name.endsWith(".json"))
      .map((name) => [basename(name, ".json"), JSON.parse(readFileSync(new URL(folder + name, root), "utf8"))]),
  );

function instantiate() {
  const { exports } = new WebAssembly.Instance(module);
  exports._initialize();
  return exports;
}

/** Runs a program that Go built until it has registered its functions, and returns them like a module's exports. */
async function instantiateGo() {
  const go = new globalThis.Go();
  const instance = await WebAssembly.instantiate(module, go.importObject);
  go.run(instance); // it runs until the process exits
  return { ...globalThis.steadfetch, memory: instance.exports.mem };
}

let fresh = instantiate;
if (process.env.STEADFETCH_WASM_EXEC) {
  await import(process.env.STEADFETCH_WASM_EXEC);
  fresh = instantiateGo;
}

const check = ({ count, failures }) => {
  assert.ok(count > 0, "there are no vectors");
  assert.equal(failures.length, 0, `${failures.length} of ${count} failed\n${failures.slice(0, 20).join("\n")}`);
};

test("every function that ABI.md describes exists", async () => {
  const instance = await fresh();
  const abi = readFileSync(new URL("wasm/ABI.md", root), "utf8");
  const calls = new Set([...abi.matchAll(/`([a-z_]+)\([a-z, ]*\)`/g)].map((match) => match[1]));
  assert.ok(calls.size > 10, "ABI.md could not be read");
  for (const call of calls) assert.equal(typeof instance[call], "function", call);
});

test("the session vectors", async () => {
  const files = load("testdata/sessions/");
  const sample = Number(process.env.STEADFETCH_SAMPLE ?? 1);
  for (const file of Object.values(files)) file.vectors = file.vectors.filter((_, at) => at % sample === 0);
  check(await playSessions(fresh, files));
});

test("every classify vector", async () => check(playClassify(await fresh(), load("testdata/classify/"))));

test("the runner detects a wrong answer, wrong bytes and a wrong refusal", async () => {
  const [name, file] = Object.entries(load("testdata/sessions/"))[0];
  const spoil = (change) => {
    const copy = structuredClone(file);
    change(copy.vectors[0].steps);
    return { [name]: { ...copy, vectors: [copy.vectors[0]] } };
  };
  for (const change of [
    (steps) => (steps.find((step) => step.answer).answer.do = "dance"),
    (steps) => (steps.find((step) => step.answer).answer.more = 1),
    (steps) => (steps.find((step) => step.bytes).bytes = "other bytes"),
    (steps) => (steps.find((step) => step.new).refused = "no"),
    (steps) => delete steps.find((step) => step.answer).answer,
  ]) {
    assert.equal((await playSessions(fresh, spoil(change))).failures.length, 1, String(change));
  }
});
