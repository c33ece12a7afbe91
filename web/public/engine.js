// The module by itself, for those who bring a clock of their own: the storm, and the plot of waits.
import { makeEngine } from "./vendor/engine.js";

let loading;

/** The module, fetched and compiled once. */
export function compiled() {
  loading ??= fetch("steadfetch/steadfetch.wasm")
    .then((response) => response.arrayBuffer())
    .then((bytes) => WebAssembly.compile(bytes));
  return loading;
}

/** An engine that nobody else uses. */
export async function freshEngine() {
  const instance = await WebAssembly.instantiate(await compiled());
  return makeEngine(instance.exports, () => {});
}
