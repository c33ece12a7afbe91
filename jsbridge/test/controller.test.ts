import assert from "node:assert/strict";
import { test } from "node:test";
import { type Controlled, registryOf } from "../src/api/controller.js";
import {
  type Controller,
  createController,
  createFetch,
  RetryError,
  retry,
  type Snapshot,
  stream,
} from "../src/index.js";
import { running, safely } from "../src/session/warn.js";
import { faultyFetch } from "../src/testing/index.js";
import { answer, clock, network, post, role, settle, token, url, watch } from "./fakes.js";

const states = (controller: Controller): string[] => {
  const seen: string[] = [];
  controller.subscribe((status) => seen.at(-1) === status.state || seen.push(status.state));
  return seen;
};

test("a controller shows each state of a request", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const controller = createController();
  assert.deepEqual(controller.status, { state: "idle", attempt: 0, failures: 0 });
  const seen = states(controller);
  const statuses: Snapshot[] = [];
  const promise = createFetch({ fetch, controller, onStatus: (s) => statuses.push(s) })(url, post());
  await settle();
  calls[0]!.respond(529);
  await settle();
  assert.equal(controller.status.state, "waiting");
  assert.equal(controller.status.failures, 1);
  assert.equal(controller.status.retry!.kind, "overloaded");
  assert.equal(Date.parse(controller.status.retry!.retryingAt), Date.now() + 1000);
  await pass(1000);
  assert.equal(controller.status.state, "opening");
  assert.equal(controller.status.attempt, 2);
  const wire = calls[1]!.open();
  wire.send(role);
  await pass(15_000);
  assert.equal(controller.status.slow, true);
  wire.finish(...answer.slice(1));
  await (await promise).text();
  assert.deepEqual(seen, ["opening", "waiting", "opening", "streaming", "finished"]);
  assert.equal(statuses.at(-1), controller.status);
});

test("retryNow ends the wait and resets the failure count", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const controller = createController();
  const delays: number[] = [];
  void watch(createFetch({ fetch, controller, onRetry: (e) => delays.push(e.delayMs) })(url, post()));
  await settle();
  calls[0]!.respond(503);
  await pass(1000);
  calls[1]!.respond(503);
  await settle();
  controller.retryNow();
  await settle();
  assert.equal(calls.length, 3, "at once");
  calls[2]!.respond(503);
  await settle();
  assert.deepEqual(delays, [1000, 2000, 1000]);
  controller.stop();
});

test("stop keeps what was received, and the body errors with stop's own reason", async () => {
  const { fetch, calls } = network();
  const controller = createController();
  const promise = createFetch({ fetch, controller })(url, post());
  await settle();
  calls[0]!.open().send(role, token("Hello"));
  const response = await promise;
  controller.stop();
  const reader = response.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), role + token("Hello"));
  await assert.rejects(reader.read(), (error) => error instanceof RetryError && error.reason === "stopped_by_user");
  assert.equal(calls[0]!.signal.aborted, true);
  assert.equal(controller.status.state, "stopped");
});

test("stop while waiting rejects", async () => {
  const { fetch, calls } = network();
  const controller = createController();
  const seen = watch(createFetch({ fetch, controller })(url, post()));
  await settle();
  calls[0]!.respond(503);
  await settle();
  controller.stop();
  await settle();
  assert.equal((seen.error as RetryError).reason, "stopped_by_user");
});

test("of several requests, the one that most needs a person is shown", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const controller = createController();
  const go = createFetch({ fetch, controller, noCooldown: true });
  const first = watch(go(url, post()));
  const second = watch(go(`${url}?2`, post()));
  await settle();
  calls[0]!.respond(503);
  await settle();
  assert.equal(controller.status.state, "waiting");
  calls[1]!.open().finish(...answer);
  await settle();
  await second.value!.text();
  assert.equal(controller.status.state, "waiting", "the other's success does not hide it");
  await pass(1000);
  assert.equal(controller.status.state, "opening");
  calls[2]!.open().finish(...answer);
  await settle();
  await first.value!.text();
  assert.equal(controller.status.state, "finished");
  controller.stop();
  controller.retryNow();
  assert.equal(controller.status.state, "finished", "a finished request is not reached");
});

test("a listener that subscribed twice is called until both subscriptions end", async () => {
  const { fetch, calls } = network();
  const controller = createController();
  let heard = 0;
  const listener = () => heard++;
  const one = controller.subscribe(listener);
  const two = controller.subscribe(listener);
  one();
  one();
  void watch(createFetch({ fetch, controller })(url, post()));
  await settle();
  assert.equal(heard, 1, "the second subscription is left");
  two();
  calls[0]!.respond(503);
  await settle();
  assert.equal(controller.status.state, "waiting");
  assert.equal(heard, 1);
  controller.stop();
});

test("a listener is not called after it unsubscribed", async () => {
  const { fetch, calls } = network();
  const controller = createController();
  let heard = 0;
  const unsubscribe = controller.subscribe(() => {
    heard++;
    unsubscribe();
  });
  void watch(createFetch({ fetch, controller })(url, post()));
  await settle();
  calls[0]!.respond(503);
  await settle();
  assert.equal(heard, 1);
  controller.stop();
});

test("a stored status is restored", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const controller = createController();
  const before = watch(createFetch({ fetch, controller })(url, post()));
  await settle();
  calls[0]!.respond(503);
  await pass(1000);
  calls[1]!.respond(503);
  await pass(500);
  const stored = JSON.stringify(controller.status);
  controller.stop();
  await settle();
  assert.equal(before.state, "rejected");

  const retries: number[] = [];
  void watch(createFetch({ fetch, restore: JSON.parse(stored), onRetry: (e) => retries.push(e.attempt) })(url, post()));
  await pass(1499);
  assert.equal(calls.length, 2);
  await pass(1);
  assert.equal(calls.length, 3);
  calls[2]!.respond(503);
  await settle();
  assert.deepEqual(retries, [2, 3]);
});

test("a change of one request costs the same among thousands as among a few", () => {
  const controller = createController();
  const registry = registryOf(controller)!;
  const session = (): Controlled => ({ report: () => {} });
  const snapshot = (state: Snapshot["state"], attempt: number): Snapshot => ({ state, attempt, failures: 0 });
  const many = Array.from({ length: 40_000 }, session);
  const began = performance.now();
  for (const [i, one] of many.entries()) {
    registry.set(one, snapshot("opening", i), false);
  }
  for (const [i, one] of many.entries()) {
    registry.set(one, snapshot("waiting", i), false);
  }
  assert.equal(controller.status.attempt, 39_999);
  for (const one of [...many].reverse()) {
    registry.set(one, snapshot("finished", 0), true);
  }
  // Comparing each with all others took half a minute.
  assert.ok(performance.now() - began < 5000);
  assert.equal(controller.status.state, "finished");
});

test("the request that most needs a person is shown, and among equals the last that changed", () => {
  const controller = createController();
  const registry = registryOf(controller)!;
  const names = ["a", "b", "c", "d"] as const;
  const sessions = Object.fromEntries(names.map((name) => [name, { report: () => {} }]));
  const set = (name: (typeof names)[number], state: Snapshot["state"], over = false): number => {
    const attempt = names.indexOf(name) + 1;
    registry.set(sessions[name]!, { state, attempt, failures: 0 }, over);
    return controller.status.attempt;
  };
  assert.equal(set("a", "opening"), 1);
  assert.equal(set("b", "streaming"), 1, "opening before streaming");
  assert.equal(set("c", "opening"), 3, "the later of two");
  assert.equal(set("d", "waiting"), 4);
  assert.equal(set("a", "opening"), 4);
  assert.equal(set("d", "finished", true), 1, "a changed after c");
  assert.equal(set("a", "streaming"), 3);
  assert.equal(set("c", "finished", true), 1, "a began to stream later than b");
  assert.equal(set("b", "streaming"), 2);
  assert.equal(set("b", "failed", true), 1);
  assert.equal(set("a", "finished", true), 1, "with none in flight, how the last one ended");
  assert.equal(controller.status.state, "finished");
});

test("retryNow in a callback does nothing: a wait stays a wait, and attempts count", async () => {
  const controller = createController();
  controller.subscribe(() => controller.retryNow());
  const retryNow = () => controller.retryNow();
  const fetch = faultyFetch(Array.from({ length: 12 }, () => ({ status: 503 })));
  const ask = createFetch({
    fetch,
    maxAttempts: 3,
    initialDelayMs: 20,
    controller,
    onRetry: retryNow,
    onStatus: retryNow,
  });
  const [one, two] = await Promise.all([ask(url, post()), ask(url, post())]);
  assert.deepEqual([one.status, two.status], [503, 503]);
  assert.equal(fetch.requests.length, 6);
});

test("a console that throws does not end what retryNow does", (t) => {
  t.mock.method(console, "error", () => {
    throw new Error("no console");
  });
  const fail = () => {
    throw new Error("a bug");
  };
  assert.throws(() => safely("onStatus", {}, fail), /no console/);
  assert.equal(running.count, 0);
});

/** Each way to make a request, with why it failed. */
const ways: Record<string, (fetch: typeof globalThis.fetch, controller: Controller) => Promise<unknown>> = {
  createFetch: (fetch, controller) => createFetch({ fetch, controller })(url, post()).catch((error) => error.reason),
  retry: (fetch, controller) => retry(async () => fetch(url), { controller }).catch((error) => error.reason),
  async "stream()"(fetch, controller) {
    for await (const event of stream(url, post(), { fetch, controller })) {
      if (event.type === "error") {
        return event.error.reason;
      }
    }
    return undefined;
  },
};

for (const [way, make] of Object.entries(ways)) {
  test(`stop() ends a request of ${way} that it comes just behind`, async () => {
    let sent = 0;
    const controller = createController();
    const made = make(async () => {
      sent++;
      throw new TypeError("fetch failed");
    }, controller);
    controller.stop();
    assert.equal(await made, "stopped_by_user");
    assert.equal(sent, 0);
  });

  test(`stop() ends a request of ${way} while its first attempt is being sent`, async () => {
    let sent = 0;
    const controller = createController();
    const made = make(async () => {
      sent++;
      controller.stop();
      throw new TypeError("fetch failed");
    }, controller);
    assert.equal(await made, "stopped_by_user");
    assert.equal(sent, 1);
  });

  test(`stop() ends no request of ${way} that is made after it`, async () => {
    const controller = createController();
    controller.stop();
    const made = make(
      async () => new Response(answer.join(""), { headers: { "content-type": "text/event-stream" } }),
      controller,
    );
    assert.notEqual(await made, "stopped_by_user");
  });
}
