import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { type AttemptEvent, type Controller, createController, createFetch, retry, stream } from "../src/index.js";
import { anthropicErrorResponse, faultyFetch, openaiServerErrorResponse } from "../src/testing/index.js";
import { answer, clock, network, post, role, settle, token, url, watch } from "./fakes.js";

const of = {
  "http.request.method": "POST",
  "server.address": "api.openai.com",
  "server.port": 443,
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "m",
};

test("every attempt is reported once, with the names of the semantic conventions", async (t) => {
  const pass = clock(t);
  const seen: AttemptEvent[] = [];
  const fetch = faultyFetch([
    openaiServerErrorResponse(),
    new TypeError("fetch failed"),
    { chunks: [role] },
    { chunks: answer },
  ]);
  const start = Date.now();
  const text = watch(
    createFetch({ fetch, onAttempt: (attempt) => seen.push(attempt) })(url, post()).then((response) => response.text()),
  );
  for (const ms of [1000, 2000, 4000]) {
    await pass(ms);
  }
  assert.equal(text.value, answer.join(""));
  assert.deepEqual(seen, [
    {
      attempt: 1,
      start,
      end: start,
      outcome: "retry",
      delayMs: 1000,
      attributes: { ...of, "http.response.status_code": 500, "error.type": "server" },
    },
    {
      attempt: 2,
      start: start + 1000,
      end: start + 1000,
      outcome: "retry",
      delayMs: 2000,
      attributes: { ...of, "http.request.resend_count": 1, "error.type": "network" },
    },
    {
      attempt: 3,
      start: start + 3000,
      end: start + 3000,
      outcome: "retry",
      delayMs: 4000,
      attributes: {
        ...of,
        "http.request.resend_count": 2,
        "http.response.status_code": 200,
        "error.type": "truncated",
      },
    },
    {
      attempt: 4,
      start: start + 7000,
      end: start + 7000,
      outcome: "finish",
      attributes: { ...of, "http.request.resend_count": 3, "http.response.status_code": 200 },
    },
  ]);
});

test("a final response, a failure and a call of retry() are reported too", async () => {
  const seen: AttemptEvent[] = [];
  const onAttempt = (attempt: AttemptEvent) => seen.push(attempt);
  const fetch = faultyFetch([anthropicErrorResponse(401, "authentication_error", "no"), openaiServerErrorResponse()]);
  await createFetch({ fetch, onAttempt, provider: "anthropic" })("http://localhost:8080/x", post());
  await createFetch({ fetch, onAttempt, maxAttempts: 1 })(url, post());
  await retry(async () => {}, { onAttempt });
  const [refused, used, called] = seen;
  assert.equal(refused!.outcome, "finish");
  assert.deepEqual(refused!.attributes, {
    "http.request.method": "POST",
    "server.address": "localhost",
    "server.port": 8080,
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "m",
    "http.response.status_code": 401,
    "error.type": "auth",
  });
  assert.equal(used!.attributes["error.type"], "server");
  assert.equal(called!.outcome, "finish");
  assert.deepEqual(called!.attributes, {});
});

test("in stream(), which returns no response, every failed attempt is reported as a failure", async () => {
  const quota = '{"error":{"message":"used up","code":"insufficient_quota"}}';
  const scripts = {
    quota: { status: 429, body: quota },
    "an error event": { chunks: [`data: ${quota}\n\n`] },
    "the last attempt": openaiServerErrorResponse(),
  };
  for (const [name, script] of Object.entries(scripts)) {
    const seen: AttemptEvent[] = [];
    const events = stream(url, post(), {
      fetch: faultyFetch([script]),
      maxAttempts: 1,
      onAttempt: (a) => seen.push(a),
    });
    const types = [];
    for await (const event of events) {
      types.push(event.type);
    }
    await settle();
    assert.deepEqual(types, ["error"], name);
    assert.deepEqual(
      seen.map((a) => a.outcome),
      ["fail"],
      name,
    );
  }
});

test("an attempt is reported with its own method", async () => {
  const seen: AttemptEvent[] = [];
  const event = (n: number, type: string, more = "") =>
    `data: {"type":"response.${type}","sequence_number":${n}${more},"response":{"id":"resp_1","background":true,"status":"queued"}}\n\n`;
  const delta = (n: number) =>
    event(n, "output_text.delta", `,"item_id":"m","output_index":0,"content_index":0,"delta":"t${n} "`);
  const fetch = faultyFetch([
    { chunks: [event(0, "created"), delta(1)], error: new TypeError("terminated") },
    { chunks: [delta(2), event(3, "completed")] },
  ]);
  const background = createFetch({
    fetch,
    afterCommit: "resume",
    resume: "background",
    initialDelayMs: 1,
    onAttempt: (a) => seen.push(a),
  });
  const init = { ...post(), body: '{"stream":true,"background":true,"input":"Hi"}' };
  await (await background("https://api.openai.com/v1/responses", init)).text();
  assert.deepEqual(
    seen.map((a) => [a.outcome, a.attributes["http.request.method"]]),
    [
      ["retry", "POST"],
      ["finish", "GET"],
    ],
  );
});

test("whoever ends an attempt, it is reported in the context of the request's caller", async () => {
  const caller = new AsyncLocalStorage<string>();
  interface Parts {
    abort: AbortController;
    controller: Controller;
    reader: ReadableStreamDefaultReader<Uint8Array>;
    wire: ReturnType<ReturnType<typeof network>["calls"][number]["open"]>;
  }
  const endings: Record<string, { end: (parts: Parts) => void; tells: AttemptEvent["outcome"] }> = {
    "an abort": { end: ({ abort }) => abort.abort(), tells: "fail" },
    "a stop": { end: ({ controller }) => controller.stop(), tells: "fail" },
    "a consumer that has enough": { end: ({ reader }) => void reader.cancel(), tells: "fail" },
    "a provider that breaks off": { end: ({ wire }) => wire.error(new TypeError("terminated")), tells: "fail" },
    "a provider's own end": { end: ({ wire }) => wire.finish(...answer.slice(-2)), tells: "finish" },
  };
  for (const [name, { end, tells }] of Object.entries(endings)) {
    const abort = new AbortController();
    const controller = createController();
    const { fetch, calls } = network();
    const seen: unknown[] = [];
    const onAttempt = ({ outcome }: AttemptEvent) => seen.push([outcome, caller.getStore()]);
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    caller
      .run("mine", async () => {
        const response = await createFetch({ fetch, controller, onAttempt })(url, post(abort.signal));
        reader = response.body!.getReader();
        while (!(await reader.read()).done);
      })
      .catch(() => {});
    await settle();
    const wire = calls[0]!.open();
    wire.send(role, token("Hel"));
    await settle();
    assert.deepEqual(seen, [], name);
    caller.run("theirs", () => end({ abort, controller, reader: reader!, wire }));
    await settle();
    assert.deepEqual(seen, [[tells, "mine"]], name);
  }
});
