// workerd, which does not compile WebAssembly at run time: a compiled module is imported.
import * as steadfetch from "steadfetch";
import module from "steadfetch/steadfetch.wasm";
import { report } from "../play.mjs";

/** Streams one answer, in a request of its own. */
async function relay(base) {
  const body = { model: "m", max_tokens: 999, stream: true, messages: [{ role: "user", content: "Hi" }] };
  const init = { method: "POST", body: JSON.stringify(body) };
  const guarded = steadfetch.createFetch({ initialDelayMs: 50 });
  return guarded(`${base}/v1/messages`, init);
}

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default {
  async fetch(request) {
    const query = new URL(request.url).searchParams;
    if (query.has("relay")) return relay(query.get("relay"));
    await report(steadfetch, query.get("server"), query.get("host"), module);
    return new Response("played\n");
  },
};
