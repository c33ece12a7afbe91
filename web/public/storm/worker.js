// Plays storms beside the page, which goes on moving meanwhile. It gets `{module, options}` once.
import { makeEngine } from "../vendor/engine.js";
import { kinds, play } from "./kinds.js";

/** How often the page hears of a storm that takes long, in ms. */
const tellEvery = 250;

addEventListener("message", ({ data: { module, options } }) => {
  const fresh = () => makeEngine(new WebAssembly.Instance(module).exports, () => {});
  // Ours last: real sessions take longer than a formula.
  for (const kind of Object.keys(kinds).reverse()) {
    let told = performance.now();
    const progress = (now) => {
      if (performance.now() - told > tellEvery) {
        told = performance.now();
        postMessage({ kind, now });
      }
    };
    postMessage({ kind, result: play(kind, options, fresh, progress) });
  }
  postMessage({});
});
