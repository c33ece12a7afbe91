// What the engine costs, and how it compares, in one run: decoding streams, a request's overhead, judging an error, starting the
// module, and how many clients come back at once. Figures are of this machine; the ratios are what to look at.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseJsonEventStream } from "@ai-sdk/provider-utils";
import { createParser } from "eventsource-parser";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { Stream } from "openai/core/streaming";
import { classify, createFetch, stream } from "steadfetch";
import { z } from "zod";
import { startProvider } from "../../web/provider.mjs";
import { longestCall } from "./longest.mjs";
import { answer, large, names } from "./streams.mjs";

const require = createRequire(import.meta.url);
const { getLines, getMessages } = require("@microsoft/fetch-event-source/lib/cjs/parse.js");

let url = "https://api.openai.com/v1/chat/completions";
const init = { method: "POST", body: '{"stream":true}' };
const encoder = new TextEncoder();
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** Prints a table: what, figure, its ratio to the first row's figure, and a remark. */
function table(title, unit, rows, digits = 0) {
  console.log(`\n${title}\n`);
  for (const { name, figure, note = "" } of rows) {
    const ratio = `${(figure / rows[0].figure).toFixed(2)}×`;
    console.log(
      `  ${name.padEnd(38)}${figure.toFixed(digits).padStart(9)} ${unit.padEnd(5)}${ratio.padStart(9)}  ${note}`.trimEnd(),
    );
  }
}

// Decoding.

/** A body in pieces of so many bytes, or an event a piece, as Node.js's fetch gives it: a stream of bytes, each in a buffer of its own. */
function body(bytes, piece, ends) {
  let at = 0;
  let event = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const to = piece ? at + piece : ends[event++];
      controller.enqueue(bytes.slice(at, to));
      at = to;
      if (at >= bytes.length) controller.close();
    },
  });
}

const response = (bytes, piece, ends) =>
  new Response(body(bytes, piece, ends), { headers: { "content-type": "text/event-stream" } });

async function drain(readable) {
  let n = 0;
  for await (const piece of readable) n += piece.length;
  return n;
}

/** Each takes a response and gives how much it found, so that nothing can be left out. */
const decoders = [
  [
    "TextDecoder alone",
    "the bound: no events",
    async (r) => {
      let n = 0;
      const decoder = new TextDecoder();
      for await (const piece of r.body) n += decoder.decode(piece, { stream: true }).length;
      return n;
    },
  ],
  [
    "steadfetch, createFetch",
    "bytes go on; ends and errors are known",
    async (r) => drain((await createFetch({ fetch: async () => r })(url, init)).body),
  ],
  [
    "steadfetch, stream()",
    "the same, and gives events",
    async (r) => {
      let n = 0;
      for await (const e of stream(url, init, { fetch: async () => r })) n += e.type === "message" ? 1 : 0;
      return n;
    },
  ],
  [
    "eventsource-parser",
    "events; the fastest parser we know",
    async (r) => {
      let n = 0;
      const parser = createParser({ onEvent: () => n++ });
      const decoder = new TextDecoder();
      for await (const piece of r.body) parser.feed(decoder.decode(piece, { stream: true }));
      return n;
    },
  ],
  [
    "eventsource-parser, as a stream",
    "events; what the AI SDK is built on",
    async (r) => {
      let n = 0;
      const events = r.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const _ of events) n++;
      return n;
    },
  ],
  [
    "fetch-event-source",
    "events",
    async (r) => {
      let n = 0;
      const take = getLines(
        getMessages(
          () => {},
          () => {},
          () => n++,
        ),
      );
      for await (const piece of r.body) take(piece);
      return n;
    },
  ],
  [
    "AI SDK, parseJsonEventStream",
    "events, and parses and checks their JSON",
    async (r) => {
      let n = 0;
      for await (const _ of parseJsonEventStream({ stream: r.body, schema: z.any() })) n++;
      return n;
    },
  ],
  [
    "openai, Stream",
    "events, and parses their JSON",
    async (r) => {
      let n = 0;
      for await (const _ of Stream.fromSSEResponse(r, new AbortController())) n++;
      return n;
    },
  ],
];

let dice = 1;
/** The numbers below n in an order that is another one each time, and the same in each run. */
function shuffled(n) {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    const k = Math.floor((dice / 2 ** 32) * (i + 1));
    [order[i], order[k]] = [order[k], order[i]];
  }
  return order;
}

/** Rates of the decoders, whose names begin with one of `of`, for a stream in pieces of so many bytes, or an event a piece. */
async function decode(stream, piece, rounds, of = [""]) {
  url = stream.url;
  const bytes = encoder.encode(stream.pieces.join(""));
  const ends = [];
  for (const text of stream.pieces) ends.push((ends.at(-1) ?? 0) + encoder.encode(text).length);
  const chosen = decoders.filter(([name]) => of.some((start) => name.startsWith(start)));
  const times = chosen.map(() => []);
  for (let i = 0; i < rounds + 1; i++) {
    // In another order each time: whoever comes after one that makes much garbage pays for it.
    for (const n of shuffled(chosen.length)) {
      const [name, , run] = chosen[n];
      const start = performance.now();
      const found = await run(response(bytes, piece, ends));
      if (!found) throw new Error(`${name} found nothing`);
      if (i) times[n].push(performance.now() - start); // the first one warms up
    }
  }
  return chosen.map(([name, note], n) => {
    const ms = median(times[n]);
    return { name, note, ms, figure: bytes.length / 1e3 / ms };
  });
}

table(
  "Decoding 8 MiB of OpenAI-like events in chunks of 16 KiB",
  "MB/s",
  await decode(answer("OpenAI chat", 8 << 20), 16 << 10, 9),
);

// Every kind of stream, beside the fastest parser.

const few = ["eventsource-parser,", "eventsource-parser", "steadfetch"];
for (const [how, piece] of [
  ["in chunks of 16 KiB", 16 << 10],
  ["one event a chunk", 0],
]) {
  console.log(`\nRate beside eventsource-parser with TextDecoder, ${how}\n`);
  for (const kind of names) {
    const rows = await decode(answer(kind, piece ? 4 << 20 : 1 << 20), piece, 25, few);
    const rate = (name) => rows.find((row) => row.name === name).figure;
    const ratio = (name) => (rate(name) / rate("eventsource-parser")).toFixed(2);
    console.log(
      `  ${kind.padEnd(30)} createFetch ${ratio("steadfetch, createFetch")}  stream() ${ratio("steadfetch, stream()")}`,
    );
  }
}

for (const [what, size, piece] of [
  ["4 MiB in chunks of 1 KiB", 4 << 20, 1 << 10],
  ["64 MiB in chunks of 16 KiB", 64 << 20, 16 << 10],
]) {
  table(
    `One event of ${what}`,
    "ms",
    (await decode(large(size), piece, 3, ["TextDecoder", "steadfetch", "eventsource-parser"])).map((row) => ({
      ...row,
      figure: row.ms,
    })),
  );
}

// A request.

const provider = await startProvider();
try {
  const { base } = await provider.newRun({ text: "Hello, world!" });
  const clients = { "plain fetch": globalThis.fetch, "steadfetch, createFetch": createFetch() };
  const first = { "plain fetch": [], "steadfetch, createFetch": [] };
  const whole = { "plain fetch": [], "steadfetch, createFetch": [] };
  for (let i = 0; i < 330; i++) {
    for (const [name, send] of Object.entries(clients)) {
      let text = "";
      let token;
      const start = performance.now();
      const decoder = new TextDecoder();
      for await (const piece of (await send(`${base}/v1/chat/completions`, init)).body) {
        text += decoder.decode(piece, { stream: true });
        if (!token && /"content":"[^"]/.test(text)) token = performance.now();
      }
      if (!token) throw new Error(`${name} found no token`);
      if (i < 30) continue;
      first[name].push(token - start);
      whole[name].push(performance.now() - start);
    }
  }
  for (const [what, times] of Object.entries({ "to its first token": first, whole })) {
    table(
      `A short streamed answer from this machine, ${what}, median of 300`,
      "ms",
      Object.entries(times).map(([name, list]) => ({ name, figure: median(list) })),
      3,
    );
  }
} finally {
  await provider.stop();
}

// Judging.

const failures = {
  "a bare 429": { phase: "response", status: 429 },
  "Anthropic's 529": {
    phase: "response",
    status: 529,
    body: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
  },
  "a page of 64 KiB with status 502": {
    phase: "response",
    status: 502,
    body: `<html>${"<p>Bad gateway</p>".repeat(3640)}</html>`,
  },
};
table(
  "classify() in Node.js, through the module",
  "µs",
  Object.entries(failures).map(([name, failure]) => {
    const runs = 5000;
    for (let i = 0; i < 500; i++) classify(failure);
    const start = performance.now();
    for (let i = 0; i < runs; i++) classify(failure);
    return { name, figure: ((performance.now() - start) * 1e3) / runs };
  }),
  1,
);

// Starting.

const code = readFileSync(fileURLToPath(import.meta.resolve("steadfetch/steadfetch.wasm")));
const starts = { compile: [], "instantiate and initialize": [] };
for (let i = 0; i < 30; i++) {
  // An empty section with a name of its own, since V8 keeps what it has compiled of the same bytes.
  const bytes = new Uint8Array([...code, 0, 5, 4, ...encoder.encode(String(1000 + i))]);
  const a = performance.now();
  const module = new WebAssembly.Module(bytes);
  const b = performance.now();
  new WebAssembly.Instance(module).exports._initialize();
  starts.compile.push(b - a);
  starts["instantiate and initialize"].push(performance.now() - b);
}
table(
  `Starting the module (${code.length} bytes), median of 30`,
  "ms",
  Object.entries(starts).map(([name, list]) => ({ name, figure: median(list) })),
  3,
);

const longest = longestCall(code);
console.log(
  `\nThe longest call into the module with 300 open streams and 84 MiB held: ${longest.ms.toFixed(2)} ms, ` +
    `${(longest.memory / 2 ** 20).toFixed(1)} MiB of memory\n`,
);

// The herd.

const clients = 10_000;

/** The first waits of many clients that fail at the same moment, as the engine chooses them. */
async function waits(jitter) {
  const list = [];
  for (let i = 0; i < clients; i++) {
    const stop = new AbortController();
    const send = createFetch({
      jitter,
      noCooldown: true,
      fetch: async () => new Response("", { status: 503 }),
      onRetry(event) {
        list.push(event.delayMs);
        stop.abort();
      },
    });
    await send(url, { ...init, signal: stop.signal }).catch(() => {});
  }
  return list;
}

/** The largest share of clients that come within 100 ms of each other. */
function worst(list) {
  list.sort((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < list.length; to++) {
    while (list[to] - list[from] >= 100) from++;
    most = Math.max(most, to - from + 1);
  }
  return (100 * most) / list.length;
}

const others = {
  "openai, @anthropic-ai/sdk": () => 500 * (1 - Math.random() * 0.25),
  "AI SDK, ky, p-retry, undici": () => 1000, // constants of 300 ms to 2 s, all alike for all clients
};
const herd = [];
for (const jitter of ["none", "equal", "full"]) {
  herd.push({
    name: `steadfetch, jitter "${jitter}"`,
    figure: worst(await waits(jitter)),
    note: jitter === "none" ? "the default" : "",
  });
}
for (const [name, wait] of Object.entries(others)) {
  herd.push({ name, figure: worst(Array.from({ length: clients }, wait)), note: "by its formula" });
}
table(`Of ${clients} clients that fail together, how many come back inside the worst 100 ms`, "%", herd);

// Go.

console.log("\nGo: natively, and through the module on wazero\n");
const out = execFileSync(
  "go",
  [
    "test",
    "-run",
    "^$",
    "-bench",
    ".",
    "-benchtime",
    "0.3s",
    "-benchmem",
    "./classify/...",
    "./retry/transport",
    "./wasm",
  ],
  { cwd: fileURLToPath(new URL("../..", import.meta.url)), encoding: "utf8" },
);
for (const line of out.split("\n")) if (/^(Benchmark|pkg:)/.test(line)) console.log(`  ${line}`);
