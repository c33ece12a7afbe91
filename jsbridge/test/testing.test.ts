import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { classifyResponse, createFetch, stream } from "../src/index.js";
import {
  anthropicErrorResponse,
  anthropicOverloadedResponse,
  anthropicRateLimitResponse,
  faultyFetch,
  openaiErrorResponse,
  openaiRateLimitResponse,
  openaiServerErrorResponse,
} from "../src/testing/index.js";
import { answer, clock, post, role, settle, token, url, watch } from "./fakes.js";

const builders: [string, Response, number, string, string, boolean][] = [
  [
    "anthropicOverloadedResponse",
    anthropicOverloadedResponse(),
    529,
    '{"error":{"type":"overloaded_error","message":"Overloaded"}}',
    "overloaded",
    true,
  ],
  [
    "anthropicRateLimitResponse",
    anthropicRateLimitResponse(),
    429,
    '{"error":{"type":"rate_limit_error","message":"Rate limited"}}',
    "rate_limit",
    true,
  ],
  [
    "anthropicErrorResponse",
    anthropicErrorResponse(401, "authentication_error", "invalid x-api-key"),
    401,
    '{"error":{"type":"authentication_error","message":"invalid x-api-key"}}',
    "auth",
    false,
  ],
  [
    "openaiRateLimitResponse",
    openaiRateLimitResponse(),
    429,
    '{"error":{"type":"rate_limit_exceeded","message":"Rate limit exceeded"}}',
    "rate_limit",
    true,
  ],
  [
    "openaiServerErrorResponse",
    openaiServerErrorResponse(),
    500,
    '{"error":{"type":"server_error","message":"Internal server error"}}',
    "server",
    true,
  ],
  [
    "openaiErrorResponse",
    openaiErrorResponse(429, "insufficient_quota", 'You exceeded your "quota"'),
    429,
    '{"error":{"type":"insufficient_quota","message":"You exceeded your \\"quota\\""}}',
    "quota",
    false,
  ],
];

for (const [name, response, status, body, kind, retryable] of builders) {
  test(`${name} is the provider's own error, and is classified so`, async () => {
    const verdict = await classifyResponse(response);
    assert.deepEqual([verdict.kind, verdict.retryable], [kind, retryable]);
    assert.equal(response.status, status);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(await response.text(), body);
  });
}

test("a faulty fetch plays its steps in order and records the requests", async (t) => {
  const pass = clock(t);
  const fetch = faultyFetch([
    anthropicOverloadedResponse(),
    new TypeError("fetch failed"),
    { chunks: [role], error: new TypeError("terminated") },
    { chunks: [role] },
    { chunks: answer },
  ]);
  const seen = watch(createFetch({ fetch })(url, post()).then((response) => response.text()));
  for (const ms of [1000, 2000, 4000, 8000]) {
    await pass(ms);
  }
  assert.equal(seen.value, answer.join(""));
  assert.equal(fetch.requests.length, 5);
  const [first, second] = fetch.requests;
  assert.equal(first!.url, url);
  assert.equal(first!.method, "POST");
  assert.equal(first!.headers["content-type"], "application/json");
  assert.equal(first!.body, post().body);
  assert.equal(second!.time - first!.time, 1000);
});

test("a faulty fetch stalls before the headers or in the body until the request is aborted", async (t) => {
  const pass = clock(t);
  const fetch = faultyFetch([{ stall: true }, { chunks: [role, token("Hel")], stall: true }, { chunks: answer }]);
  const events: string[] = [];
  const loop = async () => {
    for await (const event of stream(url, post(), { fetch, firstByteTimeoutMs: 5000, silenceTimeoutMs: 5000 })) {
      events.push(event.type);
    }
  };
  const seen = watch(loop());
  for (const ms of [5000, 1000, 5000, 2000]) {
    await pass(ms);
  }
  assert.equal(seen.state, "fulfilled");
  assert.deepEqual(events, ["retry", "message", "message", "retry", "reset", ...answer.map(() => "message"), "finish"]);
});

test("a faulty fetch delivers the chunks before the error", async () => {
  const error = new TypeError("terminated");
  const response = await faultyFetch([{ chunks: ["a", new Uint8Array([98])], error }])("/x");
  const reader = response.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "a");
  assert.equal(new TextDecoder().decode((await reader.read()).value), "b");
  await assert.rejects(reader.read(), error);
});

test("a faulty fetch takes a Request and its signal", async () => {
  const abort = new AbortController();
  const fetch = faultyFetch([{ stall: true }]);
  const seen = watch(fetch(new Request(url, { method: "POST", body: "hi", signal: abort.signal })));
  await settle();
  assert.deepEqual([fetch.requests[0]!.method, fetch.requests[0]!.body], ["POST", "hi"]);
  const reason = new Error("enough");
  abort.abort(reason);
  await settle();
  assert.equal(seen.error, reason);
});

test("a request beyond the last step is refused, and is not retried", async () => {
  const fetch = faultyFetch([]);
  const response = await createFetch({ fetch })(url, post());
  assert.equal(response.status, 400);
  assert.match(await response.text(), /0 steps, and this is request 1/);
  assert.equal(fetch.requests.length, 1);
});

test("a step may have its own status and headers", async (t) => {
  const pass = clock(t);
  const fetch = faultyFetch([{ status: 503, headers: { "retry-after": "7" }, chunks: ["busy"] }, { chunks: answer }]);
  const delays: number[] = [];
  const seen = watch(createFetch({ fetch, onRetry: (e) => delays.push(e.delayMs) })(url, post()));
  await pass(7000);
  assert.equal(seen.value?.status, 200);
  assert.deepEqual(delays, [7000]);
});

test("a stall keeps the process alive, as an open connection does, until a timeout ends it", () => {
  const here = new URL("../../dist/", import.meta.url); // of the bundle of this test
  const script = `
    import { stream } from ${JSON.stringify(new URL("index.js", here).href)};
    import { faultyFetch } from ${JSON.stringify(new URL("testing.js", here).href)};
    const chunks = ['data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\\n\\n', "data: [DONE]\\n\\n"];
    const fetch = faultyFetch([{ stall: true }, { chunks: chunks.slice(0, 0), headers: { "content-type": "text/event-stream" }, stall: true }, { chunks }]);
    const init = { method: "POST", body: '{"stream":true}' };
    const options = { fetch, firstByteTimeoutMs: 20, initialDelayMs: 1 };
    for await (const { type } of stream("https://api.openai.com/v1/chat/completions", init, options)) {
      console.log(type);
    }
  `;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.deepEqual([stdout.trim().split("\n"), status], [["retry", "retry", "message", "message", "finish"], 0]);
});
