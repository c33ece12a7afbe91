// The README's first claim: sixty chats at once, at a limit of ten per second, with the openai package alone and with
// createFetch under it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import OpenAI from "openai";
import { createFetch } from "steadfetch";

const chats = 60;
const answer = [
  `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n`,
  `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n`,
  "data: [DONE]\n\n",
].join("");

/** A provider that accepts ten requests per second, counted from the first, and asks the others to wait a second. */
async function provider() {
  let began = 0;
  let passed = 0;
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    if (performance.now() >= began + 1000) {
      began = performance.now();
      passed = 0;
    }
    request.resume();
    if (passed < 10) {
      passed++;
      response.writeHead(200, { "content-type": "text/event-stream" }).end(answer);
    } else {
      response
        .writeHead(429, { "content-type": "application/json", "retry-after": "1" })
        .end('{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}');
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseURL: `http://127.0.0.1:${server.address().port}/v1`,
    get requests() {
      return requests;
    },
    close: () => server.close(),
  };
}

/** Returns how many chats finish, with how many requests, in how much time. */
async function ask(options) {
  const limited = await provider();
  const client = new OpenAI({ apiKey: "none", baseURL: limited.baseURL, ...options });
  const chat = async () => {
    let text = "";
    const messages = [{ role: "user", content: "Hello!" }];
    for await (const chunk of await client.chat.completions.create({ model: "m", messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    assert.equal(text, "Hi");
  };
  const start = performance.now();
  const results = await Promise.allSettled(Array.from({ length: chats }, chat));
  const seconds = (performance.now() - start) / 1000;
  limited.close();
  const finished = results.filter(({ status }) => status === "fulfilled").length;
  return { finished, requests: limited.requests, seconds };
}

const told = ({ finished, requests, seconds }) =>
  `${finished} of ${chats} chats, ${requests} requests, ${seconds.toFixed(1)} s`;

test("sixty of sixty chats finish, where the SDK alone finishes thirty", async (t) => {
  // On a busy machine the requests that return after one second can spread over two.
  let alone;
  for (let tries = 0; tries < 3 && alone?.finished !== 30; tries++) alone = await ask({});
  t.diagnostic(`openai alone: ${told(alone)}`);
  assert.equal(alone.finished, 30);
  const with_ = await ask({ fetch: createFetch(), maxRetries: 0 });
  t.diagnostic(`with createFetch: ${told(with_)}`);
  assert.equal(with_.finished, chats);
});
