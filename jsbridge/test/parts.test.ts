import assert from "node:assert/strict";
import { test } from "node:test";
import { makeParts, makeWhole, type Piece } from "../src/api/parts.js";
import { stream } from "../src/index.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const texts: Record<string, string | Uint8Array> = {
  short: "Hello, world!",
  "of two pieces": "0123456789".repeat(10_000),
  "as long as a piece": "x".repeat(64 << 10),
  "longer by one": "x".repeat((64 << 10) + 1),
  "not ASCII": "Grüße, 世界 🌍 ".repeat(9000),
  "not ASCII at its end": `${"x".repeat(200_000)}ü`,
  "a character across two pieces": `${"x".repeat((64 << 10) - 1)}ü${"y".repeat(70_000)}`,
  "not UTF-8": new Uint8Array(200_000).fill(0x78).fill(0xff, 90_000, 90_001),
};

for (const [name, text] of Object.entries(texts)) {
  test(`parts of a text that is ${name} equal the parts decoded one by one`, () => {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    const middle =
      typeof text === "string" ? encoder.encode(text.slice(0, text.length >> 1)).length : bytes.length >> 1;
    const size = 1 + (bytes.length >> 3);
    const pieces: Piece[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      const ascii = piece.every((byte) => byte < 0x80);
      pieces.push(ascii && pieces.length % 2 ? decoder.decode(piece) : piece);
    }
    for (const part of [makeParts(decoder, bytes, 2), makeWhole(decoder, pieces)]) {
      for (const [from, to] of [
        [0, bytes.length],
        [0, middle],
        [middle, bytes.length],
        [middle, middle],
        [0, 0],
      ] as const) {
        assert.equal(part(from, to), decoder.decode(bytes.subarray(from, to)), `${from} to ${to}`);
      }
      assert.equal(part(1, 0), undefined);
    }
  });
}

/** The messages of a body that arrives in chunks of this size. */
async function messages(body: Uint8Array, size: number, url = "https://api.openai.com/v1/chat/completions") {
  let at = 0;
  const pieces = new ReadableStream({
    pull(controller) {
      controller.enqueue(body.slice(at, at + size));
      at += size;
      if (at >= body.length) {
        controller.close();
      }
    },
  });
  const list = [];
  for await (const event of stream(
    url,
    { method: "POST", body: '{"stream":true}' },
    { fetch: async () => new Response(pieces, { headers: { "content-type": "text/event-stream" } }) },
  )) {
    if (event.type === "message") {
      list.push(event);
    }
  }
  return list;
}

const chunk = (content: string, finish: string | null = null) => {
  const choices = [{ index: 0, delta: { content }, finish_reason: finish }];
  return `data: ${JSON.stringify({ object: "chat.completion.chunk", choices })}\n\n`;
};

for (const [name, word] of Object.entries({ ASCII: "word ", "not ASCII": "Wörter " })) {
  for (const size of [1 << 10, 16 << 10, 100_000, 1 << 22]) {
    test(`an event of a megabyte that is ${name} arrives whole in chunks of ${size}, first or later`, async () => {
      const text = word.repeat((1 << 20) / word.length);
      const body = encoder.encode(`${chunk(text) + chunk("small") + chunk(text) + chunk("", "stop")}data: [DONE]\n\n`);
      const list = await messages(body, size);
      const said = list.map((event) => event.text);
      assert.deepEqual(
        said.slice(0, 3).map((text) => text?.length),
        [text.length, 5, text.length],
      );
      assert.ok(said[0] === text && said[2] === text);
      assert.equal(list.map(({ data }) => `data: ${data}\n\n`).join(""), decoder.decode(body));
    });
  }
}

test("a character that is cut in a long event stays whole, even if all else is ASCII", async () => {
  const size = 70_001;
  const before = chunk("a") + chunk("").split('""')[0];
  const text = `${"x".repeat(2 * size - before.length - 2)}ü${"y".repeat(size)}`;
  const body = encoder.encode(`${chunk("a") + chunk(text) + chunk("", "stop")}data: [DONE]\n\n`);
  assert.equal(body[2 * size - 1], 0xc3); // the first half of it ends a chunk
  const [, message] = await messages(body, size);
  assert.ok(message!.text === text);
});

test("an image of 6 MiB adds no text, and a text of 6 MiB is given whole, with its escapes", async () => {
  const gemini = (...parts: object[]) =>
    `data: ${JSON.stringify({ candidates: [{ content: { parts, role: "model" }, finishReason: "STOP", index: 0 }] })}\r\n\r\n`;
  const image = { inlineData: { mimeType: "image/png", data: "iVBO".repeat((6 << 20) / 4) } };
  const text = `${'"quoted" \\ and\n'.repeat(400_000)}the end`;
  for (const [parts, wanted] of [
    [[image], undefined],
    [[image, { text: "a cat" }], "a cat"],
    [[{ text: "a cat" }, image], "a cat"],
    [[{ text }], text],
  ] as const) {
    const body = encoder.encode(gemini(...parts));
    const list = await messages(
      body,
      1 << 16,
      "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
    );
    assert.equal(list.length, 1);
    assert.ok(list[0]!.text === wanted);
    assert.equal(list[0]!.data.length, body.length - "data: \r\n\r\n".length);
  }
});
