import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { type AttemptEvent, createController, createFetch, stream } from "../src/index.js";
import { answer, clock, network, post, settle, url, watch } from "./fakes.js";

/** Simulates a page in a browser with other tabs, until the test is over. */
function page(t: TestContext) {
  const scope = new EventTarget();
  const held = new Set<string>();
  const channels: FakeChannel[] = [];
  const listeners = new Map<string, number>();
  const count = (target: EventTarget) => {
    const { addEventListener, removeEventListener } = target;
    target.addEventListener = (type: string, ...rest: unknown[]) => {
      listeners.set(type, (listeners.get(type) ?? 0) + 1);
      return Reflect.apply(addEventListener, target, [type, ...rest]);
    };
    target.removeEventListener = (type: string, ...rest: unknown[]) => {
      listeners.set(type, (listeners.get(type) ?? 0) - 1);
      return Reflect.apply(removeEventListener, target, [type, ...rest]);
    };
    return target;
  };
  class FakeChannel {
    onmessage: ((event: { data: unknown }) => void) | undefined;
    readonly posted: unknown[] = [];
    constructor(readonly name: string) {
      channels.push(this);
    }
    postMessage(data: unknown) {
      this.posted.push(data);
    }
  }
  const navigator = {
    onLine: true,
    locks: {
      async request(name: string, options: { ifAvailable: boolean }, then: (lock: object | null) => unknown) {
        assert.equal(options.ifAvailable, true);
        if (held.has(name)) {
          return then(null);
        }
        held.add(name);
        try {
          return await then({ name });
        } finally {
          held.delete(name);
        }
      },
    },
  };
  const document = count(new EventTarget());
  count(scope);
  const globals: Record<string, unknown> = {
    navigator,
    document,
    BroadcastChannel: FakeChannel,
    addEventListener: scope.addEventListener,
    removeEventListener: scope.removeEventListener,
  };
  for (const [name, value] of Object.entries(globals)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() =>
      before ? Object.defineProperty(globalThis, name, before) : Reflect.deleteProperty(globalThis, name),
    );
  }
  const network = (onLine: boolean) => {
    navigator.onLine = onLine;
    scope.dispatchEvent(new Event(onLine ? "online" : "offline"));
  };
  return { network, document, scope, held, locks: navigator.locks, channels, listeners };
}

// The package opens its channel once and for good, so one page serves all tests.
test("in a page", async (t) => {
  const { network: goes, document, held, locks, channels, listeners } = page(t);
  const pass = clock(t);

  await t.test("while offline the wait is held, and no attempt is used up", async () => {
    const { fetch, calls } = network();
    const controller = createController();
    const seen = watch(createFetch({ fetch, controller })(url, post()));
    await settle();
    goes(false);
    calls[0]!.reject(new TypeError("Failed to fetch"));
    await settle();
    assert.equal(controller.status.state, "waiting");
    assert.equal(controller.status.waitingFor, "connection");
    assert.equal(controller.status.failures, 0);
    await pass(30_000);
    assert.equal(calls.length, 1);
    goes(true);
    await settle();
    assert.equal(calls.length, 2);
    calls[1]!.open().finish(...answer);
    await settle();
    await seen.value!.text();
  });

  await t.test("a tab that slept through its timer continues when it wakes", async () => {
    const { fetch, calls } = network();
    const seen = watch(createFetch({ fetch })(url, post()));
    await settle();
    calls[0]!.respond(503);
    await settle();
    t.mock.timers.setTime(Date.now() + 500); // timers of a frozen page do not run
    document.dispatchEvent(new Event("visibilitychange"));
    await settle();
    assert.equal(calls.length, 1, "too early");
    await pass(500);
    assert.equal(calls.length, 2);
    calls[1]!.open().finish(...answer);
    await settle();
    await seen.value!.text();
  });

  await t.test("no listener is left when no request is in flight", () => {
    assert.ok(listeners.size > 0);
    for (const [type, n] of listeners) {
      assert.equal(n, 0, type);
    }
  });

  let limited = "";
  await t.test(
    "a rate limit is announced to other tabs, and the probe holds the lock until it has its result",
    async () => {
      const { fetch, calls } = network();
      const seen = watch(createFetch({ fetch })(url, post()));
      await settle();
      calls[0]!.respond(429, "{}", { "retry-after": "3" });
      await settle();
      assert.equal(channels.length, 1);
      assert.equal(channels[0]!.name, "steadfetch");
      const until = Date.now() + 3000;
      const { bucket } = channels[0]!.posted[0] as { bucket: string };
      assert.match(bucket, /^[0-9a-f]{16}$/, "other tabs learn no more about a request");
      assert.deepEqual(channels[0]!.posted, [{ bucket, until }]);
      limited = bucket;
      await pass(3000);
      assert.equal(calls.length, 2);
      assert.deepEqual([...held], [`steadfetch:${bucket}`]);
      calls[1]!.open().finish(...answer);
      await settle();
      assert.deepEqual([...held], []);
      assert.deepEqual(channels[0]!.posted[1], { bucket, until: 0 });
      await seen.value!.text();
    },
  );

  await t.test("a limit that another tab met holds this one, until that tab has succeeded", async () => {
    const { fetch, calls } = network();
    channels[0]!.onmessage!({ data: { bucket: limited, until: Date.now() + 60_000 } });
    const seen = watch(createFetch({ fetch })(url, post()));
    await pass(30_000);
    assert.equal(calls.length, 0);
    channels[0]!.onmessage!({ data: { bucket: limited, until: 0 } });
    await settle();
    assert.equal(calls.length, 1);
    calls[0]!.open().finish(...answer);
    await settle();
    await seen.value!.text();
  });

  await t.test("while another tab probes, this one waits", async () => {
    const { fetch, calls } = network();
    channels[0]!.onmessage!({ data: { bucket: limited, until: Date.now() + 1000 } });
    const name = `steadfetch:${limited}`;
    held.add(name);
    const told: string[] = [];
    const onAttempt = (attempt: AttemptEvent) => told.push(attempt.outcome);
    const seen = watch(createFetch({ fetch, onAttempt })(url, post()));
    await pass(1000);
    assert.equal(calls.length, 0);
    held.delete(name);
    await pass(10_000);
    assert.equal(calls.length, 1);
    calls[0]!.open().finish(...answer);
    await settle();
    await seen.value!.text();
    assert.deepEqual([...held], []);
    assert.deepEqual(told, ["finish"], "a request that was never sent is no attempt");
  });

  await t.test("the other tab's success counts even while this one requests the lock", async () => {
    const { fetch, calls } = network();
    channels[0]!.onmessage!({ data: { bucket: limited, until: Date.now() + 1000 } });
    let refuse = () => {};
    const refused = new Promise<void>((resolve) => {
      refuse = resolve;
    });
    const asked = t.mock.method(locks, "request", async (_name: string, _options: object, then: (lock: null) => void) =>
      then(await refused.then(() => null)),
    );
    const seen = watch(createFetch({ fetch })(url, post()));
    await pass(1000);
    assert.equal(asked.mock.callCount(), 1);
    channels[0]!.onmessage!({ data: { bucket: limited, until: 0 } });
    await settle();
    assert.equal(calls.length, 0);
    refuse();
    await settle();
    asked.mock.restore();
    assert.equal(calls.length, 1, "it does not wait for a message that has already arrived");
    calls[0]!.open().finish(...answer);
    await settle();
    await seen.value!.text();
  });

  await t.test("junk messages from other scripts of the origin are ignored", () => {
    for (const data of [null, 5, "x", { bucket: 5 }, []]) {
      channels[0]!.onmessage!({ data });
    }
  });

  await t.test("an origin that never answered may refuse by CORS, and is not retried forever", async () => {
    const { fetch, calls } = network();
    const types: string[] = [];
    const loop = (async () => {
      for await (const event of stream("https://nowhere.example/v1/messages", post(), { fetch })) {
        types.push(event.type === "error" ? event.verdict.kind : event.type);
      }
    })();
    for (let i = 0; i < 5; i++) {
      await settle();
      calls.at(-1)!.reject(new TypeError("Failed to fetch"));
      await pass(60_000);
    }
    await loop;
    assert.equal(calls.length, 5);
    assert.equal(types.at(-1), "network_or_cors");
  });
});

test("in Node.js nothing keeps the process alive after the last request", async () => {
  const root = new URL("../../dist/index.js", import.meta.url).href;
  const script = `
    import { createFetch } from ${JSON.stringify(root)};
    const bodies = [["{}", 429], [${JSON.stringify(answer.join(""))}, 200]];
    const fetch = createFetch({ initialDelayMs: 1, fetch: async () => {
      const [body, status] = bodies.shift();
      return new Response(body, { status, headers: { "content-type": "text/event-stream" } });
    } });
    console.log((await (await fetch(${JSON.stringify(url)}, ${JSON.stringify(post())})).text()).length);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 20_000,
  });
  assert.equal(Number(stdout), answer.join("").length);
});
