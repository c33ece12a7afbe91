// The engine alone, for views that simulate the clock.
import { compiled } from "./shared.js";
import { makeEngine } from "./vendor/engine.js";

/** A new instance, shared with nobody. */
export async function freshEngine() {
  const instance = await WebAssembly.instantiate(await compiled());
  return makeEngine(instance.exports, () => {});
}
