import assert from "node:assert/strict";
import { test } from "node:test";
import { createController, createFetch, RetryError, retry, type Verdict } from "../src/index.js";
import { clock, network, post, settle, url, watch } from "./fakes.js";

/** Throws each of these in order, then returns "ok". */
function failing(...errors: unknown[]) {
  const fn = async ({ attempt }: { attempt: number }) => {
    fn.calls++;
    assert.equal(attempt, fn.calls);
    if (errors.length > 0) {
      throw errors.shift();
    }
    return "ok";
  };
  fn.calls = 0;
  return fn;
}

const overloaded = () => new Error("model is overloaded, please try again");

test("success at once is one call", async () => {
  const fn = failing();
  assert.equal(await retry(fn), "ok");
  assert.equal(fn.calls, 1);
});

test("transient failures are retried after 1 s, 2 s, 4 s", async (t) => {
  const pass = clock(t);
  const fn = failing(overloaded(), new Error("read tcp: connection reset by peer"), new TypeError("fetch failed"));
  const retries: unknown[] = [];
  const seen = watch(retry(fn, { onRetry: (e) => retries.push([e.attempt, e.delayMs]) }));
  await pass(999);
  assert.equal(fn.calls, 1);
  await pass(1);
  assert.equal(fn.calls, 2);
  await pass(2000);
  await pass(4000);
  assert.equal(seen.value, "ok");
  assert.equal(fn.calls, 4);
  assert.deepEqual(retries, [
    [1, 1000],
    [2, 2000],
    [3, 4000],
  ]);
});

test("a permanent error is thrown unchanged", async () => {
  const error = new Error("401 Unauthorized");
  const fn = failing(error);
  await assert.rejects(retry(fn), (thrown) => thrown === error);
  assert.equal(fn.calls, 1);
});

test("where the policy gives up, the last error is the cause", async (t) => {
  const pass = clock(t);
  const last = overloaded();
  const seen = watch(retry(failing(overloaded(), last), { maxAttempts: 2 }));
  await pass(1000);
  assert.ok(seen.error instanceof RetryError);
  assert.equal(seen.error.reason, "attempts_exhausted");
  assert.equal(seen.error.last!.kind, "overloaded");
  assert.equal(seen.error.cause, last);
  assert.equal(seen.error.attempts, 2);
});

test("the wait that a server asked for is kept", async (t) => {
  const pass = clock(t);
  const error = Object.assign(new Error("429"), { status: 429, headers: new Headers({ "retry-after": "7" }) });
  const fn = failing(error);
  const seen = watch(retry(fn));
  await pass(6999);
  assert.equal(fn.calls, 1);
  await pass(1);
  assert.equal(seen.value, "ok");
});

test("a function may throw synchronously, or return a plain value", async () => {
  assert.equal(await retry(() => 5), 5);
  const error = new Error("invalid api key");
  await assert.rejects(
    retry(() => {
      throw error;
    }),
    (thrown) => thrown === error,
  );
});

test("there is no timeout, unless the policy sets one", async (t) => {
  const pass = clock(t);
  const slow = watch(retry(() => new Promise(() => {})));
  await pass(3_600_000);
  assert.equal(slow.state, "pending");
  const signals: AbortSignal[] = [];
  const fn = ({ signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return new Promise<string>((resolve) => signals.length === 2 && resolve("ok"));
  };
  const limited = watch(retry(fn, { contentTimeoutMs: 5000 }));
  await pass(5000);
  assert.equal(signals[0]!.aborted, true);
  await pass(1000);
  assert.equal(limited.value, "ok");
});

test("a late result of an abandoned attempt is ignored", async (t) => {
  const pass = clock(t);
  const resolves: ((value: string) => void)[] = [];
  const seen = watch(retry(() => new Promise<string>((resolve) => resolves.push(resolve)), { contentTimeoutMs: 5000 }));
  await pass(5000);
  await pass(1000);
  resolves[0]!("late");
  await settle();
  assert.equal(seen.state, "pending");
  resolves[1]!("in time");
  await settle();
  assert.equal(seen.value, "in time");
});

test("stop() of a controller rejects", async () => {
  const controller = createController();
  const seen = watch(retry(() => new Promise(() => {}), { controller }));
  await settle();
  controller.stop();
  await settle();
  assert.equal((seen.error as RetryError).reason, "stopped_by_user");
});

test("a request that createFetch gave up is not retried by a retry() around it", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const inner = createFetch({ fetch, maxAttempts: 2 });
  const seen = watch(retry(() => inner(url, post())));
  await settle();
  calls[0]!.reject(new TypeError("fetch failed"));
  await pass(1000);
  calls[1]!.reject(new TypeError("fetch failed"));
  await pass(60_000);
  assert.equal(calls.length, 2);
  assert.equal((seen.error as RetryError).reason, "attempts_exhausted");
});

test("shouldRetry decides first, and undefined leaves it to the verdict", async (t) => {
  const pass = clock(t);
  const asked: unknown[] = [];
  const shouldRetry = (error: unknown, verdict: Verdict, attempt: number) => {
    asked.push([(error as Error).message, verdict.retryable, attempt]);
    return (error as { again?: boolean }).again;
  };
  const mine = Object.assign(new Error("my db is busy"), { again: true });
  const final = Object.assign(overloaded(), { again: false });
  const fn = failing(mine, overloaded(), final);
  const seen = watch(retry(fn, { shouldRetry }));
  await pass(1000);
  await pass(2000);
  assert.equal(seen.error, final);
  assert.deepEqual(asked, [
    ["my db is busy", false, 1],
    ["model is overloaded, please try again", true, 2],
    ["model is overloaded, please try again", true, 3],
  ]);
});

for (const [what, odd] of [
  ["a proxy that throws", new Proxy({}, { get: () => assert.fail("read") })],
  ["headers that are no pairs", Object.assign(new Error("odd"), { status: 400, headers: [5] })],
  [
    "a getter that throws",
    Object.defineProperty(new Error("odd"), "status", {
      get() {
        throw new Error("not yet");
      },
    }),
  ],
] as const) {
  test(`what cannot be read is thrown unchanged: ${what}`, async () => {
    const seen = watch(retry(() => Promise.reject(odd)));
    await settle();
    assert.ok(seen.state === "rejected" && seen.error === odd);
  });
}

test("an error that shouldRetry throws is thrown", async () => {
  const mistake = new Error("typo");
  const shouldRetry = () => {
    throw mistake;
  };
  await assert.rejects(retry(failing(overloaded()), { shouldRetry }), (thrown) => thrown === mistake);
});

test("an AbortError without an abort is a network failure; after an abort the caller's reason is thrown", async (t) => {
  const pass = clock(t);
  const aborted = () => new DOMException("This operation was aborted", "AbortError");
  const seen = watch(retry(failing(aborted())));
  await pass(1000);
  assert.equal(seen.value, "ok");
  const abort = new AbortController();
  const reason = new Error("enough");
  const other = watch(
    retry(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(aborted()));
        }),
      { signal: abort.signal },
    ),
  );
  await settle();
  abort.abort(reason);
  await settle();
  assert.equal(other.error, reason);
});

test("the last failure of a RetryError says how long the server asked to wait", async () => {
  const error = Object.assign(new Error("slow down"), { status: 429, headers: { "retry-after": "3600" } });
  const thrown = await retry(failing(error)).catch((e) => e);
  assert.ok(thrown instanceof RetryError);
  assert.equal(thrown.reason, "retry_after_too_long");
  assert.equal(thrown.verdict.retryAfterMs, 3_600_000);
  assert.equal(thrown.cause, error);
  assert.match(thrown.message, /1 h/);
});
