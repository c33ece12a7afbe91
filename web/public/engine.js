// The engine by itself, for those who bring a clock of their own.
import { compiled } from "./module.js";
import { makeEngine } from "./vendor/engine.js";

/** One that nobody else uses. */
export async function freshEngine() {
  const instance = await WebAssembly.instantiate(await compiled());
  return makeEngine(instance.exports, () => {});
}
