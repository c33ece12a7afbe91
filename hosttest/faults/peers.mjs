#!/usr/bin/env node
// Runs one chat against one fault, with clients in their default configuration: only addresses and keys are set, and ky may
// retry a POST. Prints a table in Markdown: how many of the faults each client handles correctly. Stalls are left out, since
// no client's defaults end one within minutes.
//
// Correct means: for a passing fault before the first output, the exact answer, once. For a permanent fault, an error after
// one request. In the middle of an answer, the exact answer or an error; not half of it as a success, and nothing twice.
import { Readable } from "node:stream";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { fetchEventSource } from "@microsoft/fetch-event-source";
import { streamText } from "ai";
import ky from "ky";
import OpenAI from "openai";
import pRetry from "p-retry";
import { createFetch, stream } from "steadfetch";
import { Agent, RetryAgent, request } from "undici";
import { startProvider } from "../../web/provider.mjs";
import { answer, beforeOutput, faultAt, faults, midAnswer } from "./cases.mjs";

const patienceMs = 15_000;
const messages = [{ role: "user", content: "hi" }];
const path = "/v1/chat/completions";
const init = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ model: "any", stream: true, messages }),
};

/** The text of OpenAI's events, as a page reads them by hand. */
async function readBody(response, say) {
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  let rest = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    rest += piece;
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const event of events) sayData(event.replace(/^data: /m, ""), say);
  }
}

function sayData(data, say) {
  if (data.startsWith("{")) say(JSON.parse(data).choices?.[0]?.delta?.content ?? "");
}

async function askOpenAI(base, say, signal, options) {
  const client = new OpenAI({ apiKey: "k", baseURL: `${base}/v1`, ...options });
  const chunks = await client.chat.completions.create({ model: "any", stream: true, messages }, { signal });
  for await (const chunk of chunks) say(chunk.choices[0]?.delta?.content ?? "");
}

/** Each requests an answer and passes its text to `say` as it arrives; `say.clear` is for clients that can start over. */
const clients = {
  "steadfetch, `stream()`": async (base, say, signal) => {
    for await (const event of stream(base + path, { ...init, signal })) {
      if (event.type === "message") say(event.text ?? "");
      if (event.type === "reset") say.clear();
      if (event.type === "error") throw event.error;
    }
  },
  "steadfetch, `createFetch` under openai": (base, say, signal) =>
    askOpenAI(base, say, signal, { fetch: createFetch(), maxRetries: 0 }),
  openai: askOpenAI,
  "@anthropic-ai/sdk": async (base, say, signal) => {
    const client = new Anthropic({ apiKey: "k", baseURL: base });
    const events = await client.messages.create({ model: "any", max_tokens: 999, stream: true, messages }, { signal });
    for await (const event of events) say(event.delta?.text ?? "");
  },
  "ai (AI SDK)": async (base, say, signal) => {
    const model = createOpenAI({ apiKey: "k", baseURL: `${base}/v1` }).chat("any");
    let failure;
    const onError = ({ error }) => {
      failure = error;
    };
    const { textStream } = streamText({ model, prompt: "hi", abortSignal: signal, onError });
    for await (const text of textStream) say(text);
    if (failure) throw failure;
  },
  "fetch-event-source": (base, say, signal) =>
    fetchEventSource(base + path, { ...init, signal, onmessage: ({ data }) => sayData(data, say) }),
  "p-retry around fetch": (base, say, signal) =>
    pRetry(async () => readBody(await fetch(base + path, { ...init, signal }), say), { signal }),
  // With undici's request(), because a body that fetch has made from a string cannot be sent again.
  "undici's RetryAgent": async (base, say, signal) => {
    const dispatcher = new RetryAgent(new Agent(), { methods: ["POST"] });
    const { statusCode, body } = await request(base + path, { ...init, signal, dispatcher });
    await readBody({ ok: statusCode < 400, status: statusCode, body: Readable.toWeb(body) }, say);
  },
  ky: async (base, say, signal) =>
    readBody(await ky(base + path, { ...init, signal, retry: { methods: ["post"] } }), say),
};

const cases = faults
  .filter((c) => !c.whole && !c.stalls && !c.fault.finish && !c.fault.no_end_marker)
  .flatMap((c) => (c.placed ? [beforeOutput, midAnswer] : [beforeOutput]).map((place) => ({ ...c, place })));

/** Returns "" if a client handles a fault correctly, else what went wrong. */
async function meet(provider, name, c) {
  const fault = { ...faultAt(c, c.place), times: c.permanent ? -1 : 1 };
  const { id, base } = await provider.newRun({ text: answer, token_delay_ms: -1, faults: [fault] });
  const abort = new AbortController();
  let text = "";
  const say = Object.assign((piece) => (text += piece), { clear: () => (text = "") });
  const patience = setTimeout(() => abort.abort(new Error("no end")), patienceMs);
  const failure = await clients[name](base, say, abort.signal).then(
    () => undefined,
    (error) => error ?? new Error("failed"),
  );
  clearTimeout(patience);
  const hung = abort.signal.aborted;
  abort.abort();
  const { requests } = await provider.log(id);
  const waited = requests.length > 1 ? requests[1].at_ms - requests[0].at_ms : 0;
  if (hung) return `no end, ${requests.length} requests`;
  if (c.permanent && c.place === beforeOutput) {
    return requests.length !== 1
      ? `${requests.length} requests`
      : failure
        ? ""
        : `success with ${JSON.stringify(text)}`;
  }
  if (c.place === midAnswer && failure && requests.length > 0) return answer.startsWith(text) ? "" : "text twice";
  if (failure) return `${failure.message}`.slice(0, 60);
  if (text !== answer) return `success with ${JSON.stringify(text).slice(0, 40)}`;
  return c.wait && waited < c.wait ? `back after ${waited} ms` : "";
}

/** Runs at most n at once. */
async function inTurn(n, tasks) {
  const left = [...tasks];
  const work = async () => {
    for (let task = left.shift(); task; task = left.shift()) await task();
  };
  await Promise.all(Array.from({ length: n }, work));
}

// fetch-event-source is made for pages.
Object.assign(globalThis, {
  window: globalThis,
  document: { hidden: false, addEventListener() {}, removeEventListener() {} },
});
process.on("unhandledRejection", () => {}); // rejections that clients leave unhandled
const provider = await startProvider();
const only = process.argv[2];
const rows = Object.keys(clients)
  .filter((name) => !only || name.includes(only))
  .map((name) => ({ name, places: { [beforeOutput]: 0, permanent: 0, [midAnswer]: 0 } }));
await inTurn(
  16,
  rows.flatMap(({ name, places }) =>
    cases.map((c) => async () => {
      const wrong = await meet(provider, name, c);
      const place = c.place === beforeOutput && c.permanent ? "permanent" : c.place;
      if (!wrong) places[place]++;
      else if (only) console.error(`${name}: ${c.name}, ${c.place}: ${wrong}`);
    }),
  ),
);
await provider.stop();

const count = (place) =>
  cases.filter((c) => (c.place === beforeOutput && c.permanent ? "permanent" : c.place) === place).length;
const head = { [beforeOutput]: "passes, before output", permanent: "permanent", [midAnswer]: "in mid-answer" };
console.log(
  `| of ${cases.length} faults | all | ${Object.entries(head)
    .map(([place, words]) => `${words} (${count(place)})`)
    .join(" | ")} |`,
);
console.log("| --- | --: | --: | --: | --: |");
for (const { name, places } of rows) {
  const counts = Object.values(places);
  console.log(`| ${name} | ${counts.reduce((a, b) => a + b)} | ${counts.join(" | ")} |`);
}
process.exit();
