import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { stream } from "../src/index.js";
import { faultyFetch } from "../src/testing/index.js";
import { post } from "./fakes.js";

interface Case {
  name: string;
  stream: string;
  events: { type: string; data: string; id: string }[];
}
// The bundled test lies in .cache/test of the package.
const file = new URL("../../../testdata/eventsource/format.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
assert.ok(cases.length > 20);

for (const { name, stream: body, events } of cases) {
  test(`event streams are read as the standard says: ${name}`, async () => {
    const bytes = new TextEncoder().encode(body);
    const read = async (...chunks: Uint8Array<ArrayBuffer>[]) => {
      const seen: Case["events"] = [];
      const options = { protocol: "sse", fetch: faultyFetch([{ chunks }]) } as const;
      for await (const event of stream("https://api.example.com/events", post(), options)) {
        assert.notEqual(event.type, "error");
        if (event.type === "message") {
          seen.push({ type: event.event, data: event.data, id: event.id });
        }
      }
      return seen;
    };
    assert.deepEqual(await read(bytes), events);
    assert.deepEqual(await read(...Array.from(bytes, (_, i) => bytes.slice(i, i + 1))), events);
    for (let at = 1; at < Math.min(bytes.length, 100); at++) {
      assert.deepEqual(await read(bytes.slice(0, at), bytes.slice(at)), events, `cut at ${at}`);
    }
  });
}
