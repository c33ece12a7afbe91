import assert from "node:assert/strict";
import { test } from "node:test";
import { createController, createFetch, type RequestContext, RetryError, type Snapshot, stream } from "../src/index.js";
import { answer, clock, network, post, role, settle, token, url, watch } from "./fakes.js";

const expired = '{"error":{"message":"Your token has expired","code":"invalid_api_key"}}';
const withKey = (key: string): RequestInit => ({
  ...post(),
  headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
});
const sentHeader = (init: RequestInit, name: string) => new Headers(init.headers).get(name);

test("recover gives a fresh token after a 401, and the caller sees no failure", async () => {
  const { fetch, calls } = network();
  const asked: unknown[] = [];
  const guarded = createFetch({
    fetch,
    async recover(verdict, request, context) {
      asked.push([verdict.kind, request.url, request.method, JSON.parse(await request.text()).model, context.attempt]);
      request.headers.set("authorization", "Bearer new");
      return { headers: request.headers };
    },
  });
  const seen = watch(guarded(`${url}?key=secret`, withKey("old")));
  await settle();
  calls[0]!.respond(401, expired);
  await settle();
  assert.deepEqual(asked, [["auth", `${url}?key=secret`, "POST", "m", 1]]);
  assert.equal(sentHeader(calls[1]!.init, "authorization"), "Bearer new");
  assert.equal(calls[1]!.init.body, post().body);
  calls[1]!.open().finish(...answer);
  await settle();
  assert.equal(await seen.value!.text(), answer.join(""));
});

test("what recover changed stays for later retries", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const recover = (verdict: { kind: string }) =>
    verdict.kind === "model_not_found"
      ? { url: "https://api.openai.com/v2/chat/completions", body: '{"model":"other","stream":true}' }
      : undefined;
  const models: unknown[] = [];
  const onRetry = (_: unknown, { model, url }: RequestContext) => models.push([model, url]);
  const seen = watch(createFetch({ fetch, recover, onRetry })(new Request(url, post())));
  await settle();
  calls[0]!.respond(404, '{"error":{"message":"The model does not exist","code":"model_not_found"}}');
  await settle();
  calls[1]!.respond(503);
  await pass(1000);
  assert.equal(calls[2]!.input, "https://api.openai.com/v2/chat/completions");
  assert.equal(calls[2]!.init.body, '{"model":"other","stream":true}');
  assert.equal(calls[2]!.init.method, "POST");
  assert.deepEqual(models, [["other", "https://api.openai.com/v2/chat/completions"]]);
  calls[2]!.open().finish(...answer);
  await settle();
  assert.equal(await seen.value!.text(), answer.join(""));
});

const shorter = '{"model":"m","stream":true,"messages":[]}';

test("a recovered request under the same limit is sent no sooner than the server asked", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch, noCooldown: true, recover: () => ({ body: shorter }) })(url, post()));
  await settle();
  calls[0]!.respond(503, "", { "retry-after": "20" });
  await settle();
  await pass(19_999);
  assert.equal(calls.length, 1);
  await pass(1);
  assert.equal(calls[1]!.init.body, shorter);
  calls[1]!.open().finish(...answer);
  await settle();
  assert.equal(await seen.value!.text(), answer.join(""));
});

test("one that the same limit would hold for too long is not sent: the caller gets the provider's response", async () => {
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch, noCooldown: true, recover: () => ({ body: shorter }) })(url, post()));
  await settle();
  calls[0]!.respond(503, '{"error":{"message":"Down"}}', { "retry-after": "3600" });
  await settle();
  assert.equal(seen.value!.status, 503);
  assert.match(await seen.value!.text(), /asks to wait 1 h/);
  assert.equal(calls.length, 1);
});

test("if recover returns nothing, the caller gets the provider's response, whole", async () => {
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch, recover: async () => undefined })(url, post()));
  await settle();
  const long = JSON.stringify({
    error: { message: "Incorrect API key", code: "invalid_api_key", more: "x".repeat(200_000) },
  });
  calls[0]!.respond(401, long);
  await settle();
  assert.equal(seen.value!.status, 401);
  assert.equal(await seen.value!.text(), long);
  assert.equal(calls.length, 1);
});

test("an abort while recover runs wins at once, and its late result is ignored", async () => {
  const { fetch, calls } = network();
  const abort = new AbortController();
  let answerIt: (next: RequestInit) => void = () => {};
  const recover = () => new Promise<RequestInit>((resolve) => (answerIt = resolve));
  const seen = watch(createFetch({ fetch, recover })(url, post(abort.signal)));
  await settle();
  calls[0]!.respond(401, expired);
  await settle();
  const reason = new Error("enough");
  abort.abort(reason);
  await settle();
  assert.equal(seen.error, reason);
  answerIt({ headers: {} });
  await settle();
  assert.equal(calls.length, 1);
});

for (const nothing of [false, 0, "", null]) {
  test(`recover that returns ${JSON.stringify(nothing)} returns no request`, async () => {
    const { fetch, calls } = network();
    const recover = () => nothing as unknown as undefined;
    const events: string[] = [];
    void (async () => {
      for await (const event of stream(url, post(), { fetch, recover, initialDelayMs: 1 })) {
        events.push(event.type);
      }
    })();
    await settle();
    calls[0]!.respond(503);
    await new Promise((resolve) => setTimeout(resolve, 20));
    calls[1]!.open().finish(...answer);
    await settle();
    assert.equal(events[0], "retry");
    assert.equal(events.at(-1), "finish");
  });
}

test("an error that recover throws reaches the caller", async () => {
  const { fetch, calls } = network();
  const mine = new Error("no token to be had");
  const seen = watch(
    createFetch({
      fetch,
      recover: () => {
        throw mine;
      },
    })(url, post()),
  );
  await settle();
  calls[0]!.respond(401, expired);
  await settle();
  assert.equal(seen.error, mine);
});

test("stream() starts the answer over with another request", async () => {
  const { fetch, calls } = network();
  const types: string[] = [];
  void (async () => {
    for await (const event of stream(url, post(), { fetch, recover: () => ({ headers: { a: "2" } }) })) {
      types.push(event.type === "message" ? (event.text ?? "-") : event.type);
    }
  })();
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hel"));
  await settle();
  wire.error(new TypeError("terminated"));
  await settle();
  assert.equal(sentHeader(calls[1]!.init, "a"), "2");
  calls[1]!.open().finish(...answer);
  await settle();
  assert.deepEqual(types, ["-", "Hel", "reset", "-", "Hello ", "world", "-", "-", "finish"]);
});

test("with a manual controller every wait lasts until retryNow()", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const controller = createController({ manual: true });
  const seen = watch(createFetch({ fetch, controller })(url, post()));
  await settle();
  calls[0]!.respond(529);
  await pass(3_600_000);
  assert.equal(calls.length, 1);
  assert.equal(controller.status.waitingFor, "person");
  controller.retryNow();
  await settle();
  calls[1]!.respond(529);
  await pass(60_000);
  assert.equal(calls.length, 2);
  controller.manual = false; // the wait's time has passed
  await settle();
  assert.equal(calls.length, 3);
  controller.manual = true;
  calls[2]!.open().finish(...answer);
  await settle();
  assert.equal(await seen.value!.text(), answer.join(""));
  assert.throws(() => createController({ manul: true } as object), /did you mean manual\?/);
});

test("a status is a frozen copy", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const seen: Snapshot[] = [];
  void watch(createFetch({ fetch, onStatus: (status) => seen.push(status) })(url, post()));
  await settle();
  calls[0]!.respond(529);
  await pass(0);
  const waiting = seen.at(-1)!;
  assert.equal(waiting.state, "waiting");
  assert.throws(() => Object.assign(waiting, { state: "idle" }), TypeError);
  assert.throws(() => Object.assign(waiting.retry!, { attempt: 7 }), TypeError);
  const { status } = createController();
  assert.throws(() => Object.assign(status, { state: "failed" }), TypeError);
});

test("restore is for the first request alone, and a failed status stays failed", async () => {
  const { fetch, calls } = network();
  const verdict = { retryable: false, kind: "quota", title: "Usage limit reached", message: "No credits." } as const;
  const restore: Snapshot = { state: "failed", attempt: 3, failures: 2, verdict };
  const guarded = createFetch({ fetch, restore });
  const error = await guarded(url, post()).catch((e) => e);
  assert.ok(error instanceof RetryError);
  assert.equal(error.reason, "quota");
  assert.equal(error.message, "No credits.");
  assert.equal(calls.length, 0);
  const second = watch(guarded(url, post()));
  await settle();
  calls[0]!.open().finish(...answer);
  await settle();
  assert.equal(await second.value!.text(), answer.join(""));
});

test("callbacks get the URL of their request, without its query", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const seen: Record<string, RequestContext> = {};
  const note = (name: string) => (_: unknown, context?: RequestContext) => {
    seen[name] ??= context!;
  };
  const options = {
    fetch,
    onRetry: note("onRetry"),
    onAttempt: note("onAttempt"),
    onStatus: note("onStatus"),
    onWarning: note("onWarning"),
    afterCommit: "restart",
  } as const;
  void watch(createFetch(options)(`${url}?key=secret`, withKey("tenant")));
  await settle();
  calls[0]!.respond(529);
  await pass(1000);
  for (const name of ["onRetry", "onAttempt", "onStatus", "onWarning"]) {
    const { bucket, ...context } = seen[name]!;
    assert.deepEqual(context, { method: "POST", url, model: "m", attempt: 1 }, name);
    assert.match(bucket!, /^[0-9a-f]{16}$/);
  }
});

test("an option that has no effect here causes one warning", async () => {
  const { fetch, calls } = network();
  const rules: string[] = [];
  const guarded = createFetch({ fetch, afterCommit: "restart", onWarning: (rule) => rules.push(rule) });
  void watch(guarded(url, post()));
  void watch(guarded(url, post()));
  await settle();
  assert.equal(calls.length, 2);
  assert.deepEqual(rules, ["restart_not_possible"]);
});
