import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createFetch } from "../src/index.js";
import { noted } from "../src/net/note.js";

const asked = (body: string) => (): Promise<Response> =>
  Promise.resolve(
    new Response(body, {
      status: 429,
      headers: { "retry-after": "3600", "content-type": "application/json", "content-length": String(body.length) },
    }),
  );
const slow = '{"error":{"type":"rate_limit_error","message":"Slow down, Jürgen"}}';

test("an SDK's error text says how long the server asked to wait", async () => {
  const options = { apiKey: "none", maxRetries: 0, fetch: createFetch({ fetch: asked(slow) }) };
  const openai = new OpenAI(options).chat.completions.create({ model: "m", stream: true, messages: [] });
  const text = /Slow down, Jürgen \(OpenAI asks to wait 1 h, which is more than is allowed here\.\)/;
  await assert.rejects(openai, (error) => error instanceof OpenAI.RateLimitError && text.test(error.message));
  const request = { model: "m", max_tokens: 9, stream: true, messages: [] } as const;
  const anthropic = new Anthropic(options).messages.create({ ...request, messages: [] });
  await assert.rejects(
    anthropic,
    (error) => error instanceof Anthropic.RateLimitError && /Anthropic asks to wait 1 h/.test(error.message),
  );
});

test("the rest of such a response is unchanged", async () => {
  const ask = (body: string) => createFetch({ fetch: asked(body) })("https://api.openai.com/v1/chat/completions");
  const response = await ask(slow);
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "3600");
  assert.equal(response.headers.get("content-length"), null);
  assert.equal(
    await response.text(),
    slow.replace(/(?<=Jürgen)/, " (OpenAI asks to wait 1 h, which is more than is allowed here.)"),
  );
  assert.equal(await (await ask("slow down")).text(), "slow down");
});

for (const [body, out] of [
  ['{"message":"a \\"b\\" \\\\"}', '{"message":"a \\"b\\" \\\\ (1 \\"h\\")"}'],
  ['{ "detail" : "é" , "message":"x"}', '{ "detail" : "é (1 \\"h\\")" , "message":"x"}'],
  ['{"error":"slow"}', '{"error":"slow (1 \\"h\\")"}'],
  ['{"error":{"message":{}}}', '{"error":{"message":{}}}'],
  ['{"message":"cut', '{"message":"cut'],
  ["", ""],
] as const) {
  test(`a note is put into ${body || "nothing"}`, () => {
    const bytes = noted(new TextEncoder().encode(body), '1 "h"');
    assert.equal(new TextDecoder().decode(bytes), out);
  });
}
