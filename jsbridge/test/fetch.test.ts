import assert from "node:assert/strict";
import { test } from "node:test";
import { createFetch } from "../src/api/fetch.js";
import { RetryError, stream } from "../src/index.js";
import { answer, clock, done, network, post, role, settle, sse, stop, token, url, watch } from "./fakes.js";

const limited = '{"error":{"type":"rate_limit_exceeded","message":"Rate limit exceeded"}}';
const overloaded = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';

test("a healthy stream arrives byte for byte, with the response's own status and headers", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })(url, post());
  await settle();
  const wire = calls[0]!.open(200, { ...sse, "x-request-id": "r1" });
  wire.finish(...answer);
  const response = await promise;
  assert.ok(response instanceof Response);
  assert.equal(response.status, 200);
  assert.equal(response.ok, true);
  assert.equal(response.statusText, "Fine");
  assert.equal(response.headers.get("x-request-id"), "r1");
  assert.equal(response.url, `${url}#final`);
  assert.equal(response.redirected, true);
  assert.equal(response.type, "cors");
  assert.equal(response.bodyUsed, false);
  assert.equal(await response.text(), answer.join(""));
  assert.equal(response.bodyUsed, true);
  assert.equal(calls.length, 1);
});

test("fetch resolves at the first output, not before", async () => {
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch })(url, post()));
  await settle();
  const wire = calls[0]!.open();
  wire.send(role);
  await settle();
  assert.equal(seen.state, "pending");
  wire.send(token("Hello"));
  await settle();
  assert.equal(seen.state, "fulfilled");
  wire.finish(stop, done);
  assert.equal(await seen.value!.text(), role + token("Hello") + stop + done);
});

test("a failure before output is retried unseen, and fetch resolves with the successful attempt's response", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const retries: unknown[] = [];
  const seen = watch(createFetch({ fetch, onRetry: (e) => retries.push([e.attempt, e.delayMs, e.kind]) })(url, post()));
  await settle();
  calls[0]!.respond(529, overloaded, { "content-type": "application/json" });
  await pass(999);
  assert.equal(calls.length, 1);
  await pass(1);
  calls[1]!.reject(new TypeError("fetch failed"));
  await pass(2000);
  const cut = calls[2]!.open();
  cut.send(role);
  cut.end();
  await pass(4000);
  const wire = calls[3]!.open(200, { ...sse, "x-attempt": "4" });
  wire.finish(...answer);
  await settle();
  assert.equal(seen.state, "fulfilled");
  assert.equal(seen.value!.headers.get("x-attempt"), "4");
  assert.equal(await seen.value!.text(), answer.join(""));
  assert.deepEqual(retries, [
    [1, 1000, "overloaded"],
    [2, 2000, "network"],
    [3, 4000, "truncated"],
  ]);
});

test("every attempt gets its own signal and the same request", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const init = { ...post(), credentials: "include", headers: { "Idempotency-Key": "k" } } as RequestInit;
  const seen = watch(createFetch({ fetch })(url, init));
  await settle();
  calls[0]!.respond(503);
  await pass(1000);
  calls[1]!.open().finish(...answer);
  await settle();
  assert.equal(seen.state, "fulfilled");
  for (const { input, init: sent } of calls) {
    assert.equal(input, url);
    assert.deepEqual({ ...sent, signal: undefined }, { ...init, signal: undefined });
  }
  assert.notEqual(calls[0]!.signal, calls[1]!.signal);
});

test("a final error status resolves with its own status, headers and whole body", async () => {
  const { fetch, calls } = network();
  const body = '{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}';
  const promise = createFetch({ fetch })(url, post());
  await settle();
  calls[0]!.respond(401, body, { "content-type": "application/json", "x-request-id": "r" });
  const response = await promise;
  assert.equal(response.status, 401);
  assert.equal(response.statusText, "Status 401");
  assert.equal(response.ok, false);
  assert.equal(response.headers.get("x-request-id"), "r");
  assert.deepEqual(await response.clone().json(), JSON.parse(body));
  assert.equal(await response.text(), body);
  assert.equal(calls.length, 1);
});

test("a large error body arrives whole, though only its beginning was classified", async () => {
  const { fetch, calls } = network();
  const body = `{"error":{"message":"Incorrect API key","code":"invalid_api_key"},"pad":"${"x".repeat(300_000)}"}`;
  const promise = createFetch({ fetch })(url, post());
  await settle();
  const wire = calls[0]!.open(401, { "content-type": "application/json" });
  for (let at = 0; at < body.length; at += 10_000) {
    wire.send(body.slice(at, at + 10_000));
  }
  wire.end();
  const response = await promise;
  assert.equal(await response.text(), body);
});

test("an answer that is not a stream passes as fetch's own response, unread", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })("https://example.com/picture.png");
  await settle();
  const original = calls[0]!.respond(200, "PNG", { "content-type": "image/png" });
  const response = await promise;
  assert.equal(response, original);
  assert.equal(response.bodyUsed, false);
  assert.equal(await response.text(), "PNG");
});

test("a status that the Response constructor refuses is kept", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch, maxAttempts: 1 })(url, post());
  await settle();
  const wire = calls[0]!.open(500);
  Object.defineProperty(wire.response, "status", { value: 999 });
  wire.send("odd");
  wire.end();
  const response = await promise;
  assert.equal(response.status, 999);
  assert.equal(await response.text(), "odd");
});

test("after a failure in mid-answer the consumer reads what arrived, then the body errors", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })(url, post());
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hello"));
  const response = await promise;
  const reset = new TypeError("terminated");
  wire.error(reset);
  await settle();
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  await assert.rejects(
    async () => {
      for (;;) {
        text += decoder.decode((await reader.read()).value);
      }
    },
    (error) => {
      assert.ok(error instanceof RetryError);
      assert.equal(error.reason, "network");
      assert.equal(error.cause, reset);
      assert.equal(error.attempts, 1);
      return true;
    },
  );
  assert.equal(text, role + token("Hello"));
});

test("without a response the promise rejects with the verdict and the cause", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch, maxAttempts: 2 })(url, post()));
  await settle();
  calls[0]!.reject(new TypeError("fetch failed"));
  await pass(1000);
  const cause = new TypeError("fetch failed");
  calls[1]!.reject(cause);
  await settle();
  assert.equal(seen.state, "rejected");
  const error = seen.error as RetryError;
  assert.ok(error instanceof RetryError && error instanceof Error);
  assert.equal(error.name, "RetryError");
  assert.equal(error.reason, "attempts_exhausted");
  assert.equal(error.last!.kind, "network");
  assert.equal(error.attempts, 2);
  assert.equal(error.cause, cause);
});

test("nothing is read before the consumer asks for it", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })(url, post());
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("1"));
  const response = await promise;
  await settle();
  const before = wire.pulls;
  const reader = response.body!.getReader();
  await reader.read();
  await settle();
  assert.equal(wire.pulls, before, "the first output was there already");
  wire.send(token("2"), token("3"), token("4"));
  await settle();
  assert.equal(new TextDecoder().decode((await reader.read()).value), token("2"));
  await settle();
  assert.equal(new TextDecoder().decode((await reader.read()).value), token("3"));
});

test("clone, json and readers by buffer behave as on any response", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })(url, post());
  await settle();
  const wire = calls[0]!.open();
  wire.finish(...answer);
  const response = await promise;
  const copy = response.clone();
  assert.equal(copy.url, response.url);
  assert.equal(copy.redirected, true);
  const reader = copy.body!.getReader({ mode: "byob" });
  let text = "";
  for (let read = await reader.read(new Uint8Array(7)); !read.done; read = await reader.read(new Uint8Array(7))) {
    text += new TextDecoder().decode(read.value);
  }
  assert.equal(text, answer.join(""));
  assert.equal(await response.text(), text);
  await assert.rejects(response.json(), TypeError);
});

test("canceling the body ends the request", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })(url, post());
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hello"));
  const response = await promise;
  await response.body!.cancel("enough");
  await settle();
  assert.equal(wire.canceled || calls[0]!.signal.aborted, true);
  assert.equal(calls.length, 1);
});

test("one second of silence after the end marker ends the stream, even if the server never closes", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })(url, post());
  await settle();
  const wire = calls[0]!.open();
  wire.send(...answer);
  const text = watch((await promise).text());
  await pass(999);
  wire.send(": what follows is delivered\n\n", role);
  await pass(999);
  assert.equal(text.state, "pending");
  await pass(1);
  assert.equal(text.value, `${answer.join("")}: what follows is delivered\n\n${role}`);
  assert.equal(calls[0]!.signal.aborted, true);
});

test("without an end marker, ten seconds of silence after a finish reason end it", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })(url, post());
  await settle();
  calls[0]!.open().send(role, token("Hello"), stop);
  const text = watch((await promise).text());
  await pass(9999);
  assert.equal(text.state, "pending");
  await pass(1);
  assert.equal(text.value, role + token("Hello") + stop);
});

test("after the end marker the connection may end by itself, so that it can be reused", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch })(url, post());
  await settle();
  const wire = calls[0]!.open();
  wire.send(...answer);
  const text = (await promise).text();
  await settle();
  wire.end();
  assert.equal(await text, answer.join(""));
  assert.equal(calls[0]!.signal.aborted, false);
  assert.equal(wire.canceled, false);
});

test("a caller's mistake does not count as a failed attempt", async () => {
  const { fetch, calls } = network();
  await assert.rejects(createFetch()("no address", post()), TypeError);
  await assert.rejects(createFetch()(url, { method: "GET", body: "x" }), TypeError);
  await assert.rejects(createFetch()(url, { headers: { "bad name": "x" } }), TypeError);
  await assert.rejects(createFetch({ fetch })(url, { signal: {} as AbortSignal }), TypeError);
  assert.equal(calls.length, 0);
});

test("a response to an abandoned attempt is released", async (t) => {
  const pass = clock(t);
  const late: { canceled: boolean; resolve?: (r: Response) => void } = { canceled: false };
  const { fetch, calls } = network();
  let first = true;
  const deaf: typeof globalThis.fetch = (input, init) => {
    if (!first) {
      return fetch(input, init);
    }
    first = false;
    return new Promise((resolve) => {
      late.resolve = resolve;
    });
  };
  const seen = watch(createFetch({ fetch: deaf, firstByteTimeoutMs: 5000 })(url, post()));
  await pass(5000);
  await pass(1000);
  late.resolve!(
    new Response(
      new ReadableStream({
        cancel() {
          late.canceled = true;
        },
      }),
      { headers: sse },
    ),
  );
  calls[0]!.open().finish(...answer);
  await settle();
  assert.equal(late.canceled, true);
  assert.equal(await seen.value!.text(), answer.join(""));
});

test("a stall is detected and retried", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const kinds: unknown[] = [];
  const seen = watch(createFetch({ fetch, silenceTimeoutMs: 3000, onRetry: (e) => kinds.push(e.kind) })(url, post()));
  await settle();
  const wire = calls[0]!.open();
  wire.send(role);
  await pass(2999);
  assert.equal(calls[0]!.signal.aborted, false);
  await pass(1);
  assert.equal(calls[0]!.signal.aborted, true);
  assert.equal(wire.canceled, true);
  assert.deepEqual(kinds, ["silence"]);
  await pass(1000);
  calls[1]!.open().finish(...answer);
  await settle();
  assert.equal(seen.state, "fulfilled");
});

test("a slow consumer does not count as a stall", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const promise = createFetch({ fetch, silenceTimeoutMs: 3000 })(url, post());
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hello"));
  const response = await promise;
  const reader = response.body!.getReader();
  await reader.read();
  await pass(3600_000); // an hour later
  wire.send(token(" again"));
  await pass(500);
  assert.equal(new TextDecoder().decode((await reader.read()).value), token(" again"));
  await pass(4000);
  const next = watch(reader.read());
  await pass(500);
  wire.finish(stop, done);
  await settle();
  assert.equal(new TextDecoder().decode(next.value!.value), stop);
});

test("a response without a body is classified by its status alone", async () => {
  const { fetch, calls } = network();
  const promise = createFetch({ fetch: (i, n) => fetch(i, n).then(bare) })(url, { method: "HEAD" });
  await settle();
  calls[0]!.respond(404);
  const response = await promise;
  assert.equal(response.status, 404);
  assert.equal(response.body, null);

  function bare(response: Response): Response {
    return new Response(null, { status: response.status });
  }
});

test("an address that only the caller's fetch understands has a cool-down like any other", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch })("/v1/chat/completions", post()));
  await settle();
  calls[0]!.respond(429, "{}", { "retry-after": "3" });
  await pass(3000);
  assert.equal(calls.length, 2);
  calls[1]!.open().finish(...answer);
  await settle();
  assert.equal(await seen.value!.text(), answer.join(""));
});

test("of thousands that begin together few are sent before the first answer tells of a limit", async () => {
  const most = 3000;
  let refused = 0;
  let open = false;
  setTimeout(() => {
    open = true;
  }, 900);
  const fetch = async () => {
    if (open) {
      return new Response(answer.join(""), { headers: sse });
    }
    refused++;
    return new Response(limited, { status: 429, headers: { "retry-after": "1" } });
  };
  const send = createFetch({ fetch });
  const texts = await Promise.all(Array.from({ length: most }, async () => (await send(url, post())).text()));
  assert.ok(texts.every((text) => text === answer.join("")));
  assert.ok(refused < most / 2, `${refused} were sent to the limit`);
});

test("a fetch made here can take the place of the global one", async (t) => {
  const own = globalThis.fetch;
  t.after(() => {
    globalThis.fetch = own;
  });
  let calls = 0;
  globalThis.fetch = async () => {
    calls++;
    return new Response("fine");
  };
  globalThis.fetch = createFetch();
  globalThis.fetch = createFetch();
  assert.equal(await (await fetch("http://fake.test/")).text(), "fine");
  for await (const event of stream("http://fake.test/")) {
    assert.notEqual(event.type, "error");
  }
  assert.equal(calls, 2);
});

test("a page's own fetch can call one made here", async (t) => {
  const own = globalThis.fetch;
  t.after(() => {
    globalThis.fetch = own;
  });
  let calls = 0;
  let wrapped = 0;
  globalThis.fetch = async (_, init) => {
    calls++;
    assert.equal(new Headers(init?.headers).get("x-own"), "1");
    return new Response("fine");
  };
  const guarded = createFetch();
  globalThis.fetch = async (input, init) => {
    wrapped++;
    assert.ok(wrapped < 10, "they call each other");
    await settle();
    return guarded(input, { ...init, headers: { "x-own": "1" } });
  };
  assert.equal(await (await fetch("http://fake.test/")).text(), "fine");
  assert.equal(calls, 1);
});

test("a stream that the option fetch has read itself is the caller's mistake, made once", async () => {
  let calls = 0;
  const fetch: typeof globalThis.fetch = async () => {
    calls++;
    const response = new Response("data: {}\n\n", { headers: { "content-type": "text/event-stream" } });
    response.body!.getReader();
    return response;
  };
  await assert.rejects(createFetch({ fetch })(url, post()), TypeError);
  assert.equal(calls, 1);
});
