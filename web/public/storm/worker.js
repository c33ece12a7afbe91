// Plays storms in a worker, so that the page stays responsive. It gets one message: `{module, options}`.
import { makeEngine } from "../vendor/engine.js";
import { kinds, play } from "./kinds.js";

/** How often the progress of a long storm is reported to the page, in ms. */
const tellEvery = 250;

addEventListener("message", ({ data: { module, options } }) => {
  const fresh = () => makeEngine(new WebAssembly.Instance(module).exports, () => {});
  // Ours last: real sessions take longer to play than a formula.
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
