// What every JavaScript runtime plays: the vectors on the bare module, and live streams through the package. It is
// independent of the host: the job says what to play.
import { playClassify, playSessions } from "../vectors.mjs";

const ask = (protocol) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    model: "m",
    max_tokens: 999,
    stream: true,
    messages: [{ role: "user", content: `Tell me, in ${protocol}.` }],
  }),
});

/** Reads OpenAI's chat protocol as a caller of fetch, without any code for retries. */
async function throughFetch({ createFetch }, base, options) {
  const response = await createFetch(options)(`${base}/v1/chat/completions`, ask("chat"));
  if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: {"));
  return lines.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? "").join("");
}

/** Reads Anthropic's protocol as a page, which starts over on a reset event. */
async function throughStream({ stream }, base, options, resets) {
  let text = "";
  for await (const event of stream(`${base}/v1/messages`, ask("messages"), options)) {
    if (event.type === "message") text += JSON.parse(event.data).delta?.text ?? "";
    if (event.type === "error") throw event.error;
    if (event.type === "reset") {
      text = "";
      resets.push(event);
    }
  }
  return text;
}

async function live(how, ...rest) {
  const retries = [];
  const resets = [];
  const onRetry = ({ attempt, kind, delayMs }) => retries.push({ attempt, kind, delayMs });
  const text = await how(...rest, { initialDelayMs: 50, onRetry }, resets);
  return { text, retries, resets: resets.length };
}

/**
 * Plays a job and returns the outcome.
 * @param steadfetch the package's exports, as this runtime has imported them.
 * @param job from the runner: vectors, and an address for each live stream.
 * @param module the bare module, compiled.
 */
export async function play(steadfetch, job, module) {
  const fresh = async () => {
    const { exports } = await WebAssembly.instantiate(module);
    exports._initialize();
    return exports;
  };
  return {
    sessions: await playSessions(fresh, job.sessions),
    classify: playClassify(await fresh(), job.classify),
    createFetch: await live(throughFetch, steadfetch, job.runs.createFetch),
    stream: await live(throughStream, steadfetch, job.runs.stream),
  };
}

/** Gets the job from the runner at `server`, plays it, and reports the outcome. `host` is this runtime's name. */
export async function report(steadfetch, server, host, module) {
  let outcome;
  try {
    const job = await (await fetch(`${server}/job/${encodeURIComponent(host)}`)).json();
    outcome = await play(steadfetch, job, module ?? (await fetchModule(server)));
  } catch (error) {
    outcome = { error: `${error?.stack ?? error}\n${error?.cause ?? ""}` };
  }
  await fetch(`${server}/outcome/${encodeURIComponent(host)}`, { method: "POST", body: JSON.stringify(outcome) });
}

async function fetchModule(server) {
  return WebAssembly.compile(await (await fetch(`${server}/steadfetch/steadfetch.wasm`)).arrayBuffer());
}
