// How much time a page spends in this package for an answer of 8 000 tokens through useChatStream, apart from React's own
// and the page's. It profiles the built package: run "npm run build" first. `node bench/react.mjs`
import { Session } from "node:inspector/promises";
import { Window } from "happy-dom";

process.env.NODE_ENV = "production";
const window = new Window();
Object.assign(globalThis, { window, document: window.document });
const { createElement } = await import("react");
const { createRoot } = await import("react-dom/client");
const { useChatStream } = await import("steadfetch/react");

const tokens = 8000;
const rounds = 7;
const interval = 100; // of the profiler's samples, in µs
const perChunk = 10;
const pause = 1; // ms between chunks, so that an answer takes about as many frames as a fast provider's
const event = (choice) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, ...choice }] })}\n\n`;

/** A fetch that answers as a provider does. */
async function fetch() {
  const encoder = new TextEncoder();
  let sent = 0;
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      let chunk = "";
      for (let i = 0; i < perChunk && sent < tokens; i++) {
        chunk += event({ delta: { content: `w${sent++} ` }, finish_reason: null });
      }
      if (sent === tokens) {
        chunk += `${event({ delta: {}, finish_reason: "stop" })}data: [DONE]\n\n`;
      }
      controller.enqueue(encoder.encode(chunk));
      if (sent === tokens) {
        controller.close();
      }
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

let chat;
let renders = 0;
function Chat() {
  chat = useChatStream({ fetch });
  renders++;
  return createElement("p", null, chat.text);
}

/** Runs one answer to its end. */
async function answer() {
  renders = 0;
  chat.start("https://api.openai.com/v1/chat/completions", { method: "POST", body: '{"model":"m","stream":true}' });
  await new Promise((resolve) => setTimeout(resolve, 10));
  while (!chat.finish) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (chat.error || chat.text.split(" ").length !== tokens + 1) {
    throw new Error("the answer is not whole");
  }
}

/** The time in ms that each part took of itself, by the profiler's samples. */
function timeByPart({ nodes, samples, timeDeltas }) {
  const parts = new Map(nodes.map(({ id, callFrame: { url } }) => [id, part(url)]));
  const times = {};
  for (const [i, id] of samples.entries()) {
    // What came much later than it was due came while another program had the processor.
    const ms = Math.min(timeDeltas[i], 4 * interval) / 1000;
    times[parts.get(id)] = (times[parts.get(id)] ?? 0) + ms;
  }
  return times;
}

function part(url) {
  const ours = /jsbridge\/dist\/(\w+)\.js/.exec(url)?.[1];
  return ours ? `steadfetch: ${ours}.js` : url.startsWith("wasm:") ? "steadfetch: module" : "others";
}

createRoot(document.createElement("div")).render(createElement(Chat));
await new Promise((resolve) => setTimeout(resolve, 50));
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.setSamplingInterval", { interval });
let best;
for (let i = 0; i < rounds; i++) {
  await session.post("Profiler.start");
  await answer();
  const { profile } = await session.post("Profiler.stop");
  const times = Object.entries(timeByPart(profile)).filter(([part]) => part !== "others");
  const sum = times.reduce((all, [, ms]) => all + ms, 0);
  console.log(`round ${i + 1}: ${tokens} tokens, ${renders} renders, ${sum.toFixed(0)} ms in steadfetch`);
  if (!best || sum < best.sum) {
    best = { sum, times };
  }
}
console.log("the best round:");
for (const [part, ms] of best.times) {
  console.log(`  ${part.padEnd(24)} ${ms.toFixed(1).padStart(6)} ms`);
}
process.exit(0); // happy-dom's timers
