// What an event costs inside the module: node hosttest/bench/guest.mjs GUEST.wasm
import { readFileSync } from "node:fs";

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(process.argv[2])));
exports._initialize();

const text = (s) =>
  `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764000000,"model":"gpt-5","choices":[{"index":0,"delta":{"content":${JSON.stringify(s)}},"finish_reason":null}]}\n\n`;
const words = ["A", " stream", " may", " pause", ",", " yet", " every", " word", " counts", "."];
let chunk = "";
for (let i = 0; chunk.length < 16 << 10; i++) chunk += text(words[i % words.length]);
const bytes = new TextEncoder().encode(chunk);

function measure(sight) {
  const times = [];
  for (let run = 0; run < 100; run++) {
    exports.reset();
    let events = 0;
    const begun = performance.now();
    for (let i = 0; i < 20; i++) {
      new Uint8Array(exports.memory.buffer, exports.buffer(), bytes.length).set(bytes);
      events += exports.feed(bytes.length, sight);
    }
    times.push(((performance.now() - begun) * 1e3) / events);
  }
  return Math.min(...times); // what the machine can, whoever else uses it
}
for (const [name, sight] of [
  ["by sight", 1],
  ["read in full", 0],
  ["framed only", 2],
]) {
  const us = measure(sight);
  console.log(`${name.padEnd(14)} ${us.toFixed(3)} µs/event  ${(text("x").length / us).toFixed(0)} MB/s`);
}
