import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createFetch, RetryError, retry, stream } from "../src/index.js";
import { answer, clock, network, post, role, settle, sse, token, url, watch } from "./fakes.js";

const reason = new Error("the caller's own reason");

test("an abort before the request opens nothing", async () => {
  const { fetch, calls } = network();
  await assert.rejects(createFetch({ fetch })(url, post(AbortSignal.abort(reason))), reason);
  assert.equal(calls.length, 0);
});

test("an abort while opening ends the attempt and rejects with the reason", async () => {
  const { fetch, calls } = network();
  const controller = new AbortController();
  const seen = watch(createFetch({ fetch })(url, post(controller.signal)));
  await settle();
  controller.abort(reason);
  await settle();
  assert.equal(seen.error, reason);
  assert.equal(calls[0]!.signal.aborted, true);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("an abort before the first output ends the attempt and rejects with the reason", async () => {
  const { fetch, calls } = network();
  const controller = new AbortController();
  const seen = watch(createFetch({ fetch })(url, post(controller.signal)));
  await settle();
  const wire = calls[0]!.open();
  wire.send(role);
  await settle();
  controller.abort(reason);
  await settle();
  assert.equal(seen.error, reason);
  assert.equal(wire.canceled, true);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("an abort while output flows errors the body at once with the reason", async () => {
  const { fetch, calls } = network();
  const controller = new AbortController();
  const promise = createFetch({ fetch })(url, post(controller.signal));
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hello"));
  const response = await promise;
  const reader = response.body!.getReader();
  await reader.read();
  const next = watch(reader.read());
  controller.abort(reason);
  await settle();
  assert.equal(next.error, reason);
  assert.equal(calls[0]!.signal.aborted, true);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("an abort while waiting rejects with the reason, and nothing is retried", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const controller = new AbortController();
  const seen = watch(createFetch({ fetch })(url, post(controller.signal)));
  await settle();
  calls[0]!.respond(503);
  await pass(500);
  controller.abort(reason);
  await pass(100_000);
  assert.equal(seen.error, reason);
  assert.equal(calls.length, 1);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("an abort while an error body is read rejects with the reason", async () => {
  const { fetch, calls } = network();
  const controller = new AbortController();
  const seen = watch(createFetch({ fetch })(url, post(controller.signal)));
  await settle();
  const wire = calls[0]!.open(500);
  wire.send("half of");
  await settle();
  controller.abort(reason);
  await settle();
  assert.equal(seen.error, reason);
  assert.equal(wire.canceled, true);
});

test("an abort after a response has passed still ends its body, as with fetch", async () => {
  const { fetch, calls } = network();
  for (const [status, type] of [
    [200, "image/png"],
    [401, "application/json"],
  ] as const) {
    const controller = new AbortController();
    const seen = watch(createFetch({ fetch })(url, post(controller.signal)));
    await settle();
    const wire = calls.at(-1)!.open(status, { "content-type": type });
    wire.send("x".repeat(70_000)); // more than is classified
    await settle();
    const reader = seen.value!.body!.getReader();
    await reader.read();
    const next = watch(reader.read());
    await settle();
    controller.abort(reason);
    await settle();
    assert.equal(next.error, reason, `${status}`);
    assert.equal(calls.at(-1)!.signal.aborted, true);
  }
});

test("a Request's signal is used, unless init has one", async () => {
  const { fetch, calls } = network();
  const own = new AbortController();
  const other = new AbortController();
  const first = watch(createFetch({ fetch })(new Request(url, { ...post(own.signal) })));
  const second = watch(createFetch({ fetch })(new Request(url, { ...post(own.signal) }), { signal: other.signal }));
  await settle();
  assert.equal(calls.length, 2);
  own.abort(reason);
  await settle();
  assert.equal(first.error, reason);
  assert.equal(second.state, "pending");
  other.abort("enough");
  await settle();
  assert.equal(second.error, "enough");
});

test("the caller's own timeout is an abort by the caller", async () => {
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch })(url, post(AbortSignal.timeout(5))));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((seen.error as DOMException).name, "TimeoutError");
  assert.equal(calls.length, 1);
});

test("stream() throws the reason of an abort, at once", async () => {
  const { fetch, calls } = network();
  const controller = new AbortController();
  const events = stream(url, post(controller.signal), { fetch });
  const first = watch(events.next());
  await settle();
  calls[0]!.open().send(role, token("Hello"));
  await settle();
  assert.equal(first.value!.value!.type, "message");
  controller.abort(reason);
  await settle();
  await assert.rejects(events.next(), reason);
  assert.deepEqual(await events.next(), { done: true, value: undefined });
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("leaving the loop of stream() ends the request", async () => {
  const { fetch, calls } = network();
  const seen: string[] = [];
  const loop = (async () => {
    for await (const event of stream(url, post(), { fetch })) {
      seen.push(event.type);
      break;
    }
  })();
  await settle();
  calls[0]!.open().send(role, token("Hello"), token(" you"));
  await loop;
  assert.deepEqual(seen, ["message"]);
  assert.equal(calls[0]!.signal.aborted, true);
});

test("retry() rejects with the reason at once, and aborts the attempt's signal", async () => {
  const controller = new AbortController();
  let attempt: AbortSignal | undefined;
  const seen = watch(
    retry(
      ({ signal }) => {
        attempt = signal;
        return new Promise(() => {}); // ignores its signal
      },
      { signal: controller.signal },
    ),
  );
  await settle();
  controller.abort(reason);
  await settle();
  assert.equal(seen.error, reason);
  assert.equal(attempt!.reason, reason);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("no listener is left on a signal after any end", async (t) => {
  const pass = clock(t);
  const { signal } = new AbortController();
  const { fetch, calls } = network();
  const go = (options = {}) => watch(createFetch({ fetch, ...options })(url, post(signal)));

  const healthy = go();
  await settle();
  const wire = calls.at(-1)!.open();
  wire.finish(...answer);
  await settle();
  await healthy.value!.text();

  const canceled = go();
  await settle();
  calls.at(-1)!.open().send(role, token("x"));
  await settle();
  await canceled.value!.body!.cancel();

  const failed = go({ maxAttempts: 1 });
  await settle();
  calls.at(-1)!.reject(new TypeError("fetch failed"));
  await settle();
  assert.ok(failed.error instanceof RetryError);

  const broken = go();
  await settle();
  const second = calls.at(-1)!.open();
  second.send(role, token("x"));
  await settle();
  second.error(new TypeError("terminated"));
  await settle();
  await assert.rejects(broken.value!.text());

  const refused = go();
  await settle();
  calls.at(-1)!.respond(401, "{}", { "content-type": "application/json" });
  await settle();
  await refused.value!.text();

  const repeated = go();
  await settle();
  calls.at(-1)!.respond(503);
  await pass(1000);
  calls
    .at(-1)!
    .open(200, sse)
    .finish(...answer);
  await settle();
  await repeated.value!.text();

  await settle();
  assert.equal(getEventListeners(signal, "abort").length, 0);
});
