// Plays the vectors in whatever loads this: a page or a worker.
import { playClassify, playSessions } from "/hosttest/vectors.mjs";

const json = async (path) => (await fetch(path)).json();
const load = async (folder, names) =>
  Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await json(`/testdata/${folder}/${name}.json`)])),
  );

/** `names` are those of the files of testdata/sessions and testdata/classify. */
export async function play({ sessions, classify }) {
  const module = await WebAssembly.compile(await (await fetch("/wasm/steadfetch.wasm")).arrayBuffer());
  const fresh = async () => {
    const { exports } = await WebAssembly.instantiate(module);
    exports._initialize();
    return exports;
  };
  return {
    sessions: await playSessions(fresh, await load("sessions", sessions)),
    classify: playClassify(await fresh(), await load("classify", classify)),
  };
}
