// The longest call into the module while much is held: 300 streams, each in the midst of a long event, text or random bytes,
// 84 MiB together, and errors that are judged meanwhile.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const streams = 300;
const now = 1_800_000_000_000;
const encoder = new TextEncoder();

/** How long each call takes, in ms, in an instance of its own, and the memory of that in the end. */
function play(code, chunks) {
  const { exports } = new WebAssembly.Instance(code);
  exports._initialize();
  const times = [];
  const write = (bytes) => {
    const at = exports.buffer(bytes.length);
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    return bytes.length;
  };
  const call = (bytes, run) => {
    const begun = performance.now();
    const result = run(write(bytes));
    times.push(performance.now() - begun);
    return result;
  };
  const json = (value) => encoder.encode(JSON.stringify(value));
  const request = { method: "POST", url: "https://api.openai.com/v1/chat/completions", body: '{"stream":true}' };
  const begin = [
    { what: "start", now },
    { what: "response", now, attempt: 1, status: 200, headers: { "content-type": "text/event-stream" } },
  ].map(json);
  const failure = json({ status: 429, body: "Too many requests. ".repeat(3000) });
  for (let n = 0; n < streams; n++) {
    const session = call(json({ id: n + 1, request }), (length) => exports.session_new(length));
    for (const happened of begin) call(happened, (length) => exports.session_event(session, length));
    const { start, piece } = chunks[n % 2];
    call(start, (length) => exports.session_chunk(session, 1, length, now));
    for (let i = 0; i < 10; i++) call(piece, (length) => exports.session_chunk(session, 1, length, now));
    if (n % 10 === 0) call(failure, (length) => exports.classify(length));
  }
  return { times, memory: exports.memory.buffer.byteLength };
}

/** The longest call, in ms, and the module's memory, in bytes. */
export function longestCall(wasm) {
  const code = new WebAssembly.Module(wasm);
  const text = encoder.encode("It was a bright cold day in April. ".repeat(820));
  let dice = 1;
  const random = text.map(() => {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    return Math.max(dice >>> 24, 32);
  });
  const chunks = [
    { start: encoder.encode('data: {"choices":[{"index":0,"delta":{"content":"'), piece: text },
    { start: encoder.encode("data: "), piece: random },
  ];
  // The same calls do the same work, so the shortest time of each is what it takes; the rest is the machine's.
  const runs = Array.from({ length: 9 }, () => play(code, chunks));
  const least = runs[0].times.map((_, i) => Math.min(...runs.map(({ times }) => times[i])));
  return { ms: Math.max(...least), memory: runs[0].memory };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(longestCall(readFileSync(process.argv[2])));
}
