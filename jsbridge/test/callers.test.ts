import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { type TestContext, test } from "node:test";
import {
  type Controller,
  createController,
  createFetch,
  type FetchOptions,
  RetryError,
  retry,
  type StreamOptions,
  stream,
} from "../src/index.js";
import { type FaultyStep, faultyFetch } from "../src/testing/index.js";
import { answer, network, post, role, settle, token, url, watch } from "./fakes.js";

const collect = (globalThis as { gc?: () => void }).gc;

// Counts what is opened and closed in the module. The package's one instance is caught when it is created.
const handles = { session: 0, reader: 0 };
let broken = false; // the next call traps
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, args) {
    const { exports } = Reflect.construct(target, args) as WebAssembly.Instance;
    const real = exports as unknown as Record<string, (...args: number[]) => number>;
    const freed = new Set<number>();
    const counted = {
      session_new: (n: number) => {
        const handle = real.session_new!(n);
        handles.session += handle > 0 ? 1 : 0;
        return handle;
      },
      session_free: (h: number) => {
        assert.ok(!freed.has(h), "a handle is freed once");
        freed.add(h);
        handles.session--;
        real.session_free!(h);
      },
      session_event: (...all: number[]) => {
        if (broken) {
          broken = false;
          handles.session = handles.reader = 0; // they are gone with it
          throw new WebAssembly.RuntimeError("unreachable");
        }
        return real.session_event!(...all);
      },
      reader_new: () => {
        handles.reader++;
        return real.reader_new!();
      },
      reader_free: (h: number) => {
        if (!freed.has(-h)) {
          freed.add(-h);
          handles.reader--;
        }
        real.reader_free!(h);
      },
    };
    return { exports: { ...exports, ...counted } };
  },
});

/** Timers that have neither fired nor been cleared. */
const timers = new Set<unknown>();
const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
globalThis.setTimeout = ((act: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
  const timer = realSetTimeout(() => {
    timers.delete(timer);
    act(...args);
  }, ms);
  timers.add(timer);
  return timer;
}) as typeof setTimeout;
globalThis.clearTimeout = ((timer?: ReturnType<typeof setTimeout>) => {
  timers.delete(timer);
  realClearTimeout(timer);
}) as typeof clearTimeout;

/** Fails if the process would have ended. Returns what was logged. */
function watchful(t: TestContext): { errors: unknown[][]; uncaught: unknown[] } {
  const seen = { errors: [] as unknown[][], uncaught: [] as unknown[] };
  t.mock.method(console, "error", (...args: unknown[]) => void seen.errors.push(args));
  for (const name of ["uncaughtException", "unhandledRejection"] as const) {
    const before = process.listeners(name as "uncaughtException");
    process.removeAllListeners(name);
    process.on(name, (error: unknown) => seen.uncaught.push(error));
    t.after(() => {
      process.removeAllListeners(name);
      for (const listener of before) {
        process.on(name as "uncaughtException", listener);
      }
    });
  }
  return seen;
}

const overloaded = () => new Response('{"error":{"type":"overloaded_error","message":"Overloaded"}}', { status: 529 });
const half: FaultyStep = { chunks: [role, token("Hel")], error: new TypeError("terminated") };
const whole: FaultyStep = { chunks: answer };
const quick = { initialDelayMs: 1, maxDelayMs: 1 };

/** Reads a stream to its end. */
async function drain(events: AsyncIterable<{ type: string }>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of events) {
    types.push(type);
  }
  return types;
}

test("callbacks that throw or reject end neither the process nor a request, and are reported once", async (t) => {
  for (const how of ["throws", "rejects", "is a thenable that throws"]) {
    const seen = watchful(t);
    const bad =
      how === "throws"
        ? () => {
            throw new Error("mine");
          }
        : how === "rejects"
          ? async () => {
              throw new Error("mine");
            }
          : () => ({
              // biome-ignore lint/suspicious/noThenProperty: a thenable is what the test is about
              get then() {
                throw new Error("mine");
              },
            });
    const warnings: string[] = [];
    const controller = createController();
    controller.subscribe((...args: []) => bad(...args));
    const names = ["onRetry", "onStatus", "onAttempt"] as const;
    const options = {
      ...quick,
      controller,
      onWarning: (rule: string) => void warnings.push(rule),
      ...Object.fromEntries(names.map((name) => [name, (...args: []) => bad(...args)])),
    };
    for (let i = 0; i < 2; i++) {
      const fetch = faultyFetch([overloaded(), whole]);
      const response = await createFetch({ ...options, fetch })(url, post());
      assert.equal(await response.text(), answer.join(""));
      const types = await drain(stream(url, post(), { ...options, fetch: faultyFetch([half, whole]) }));
      assert.equal(types.at(-1), "finish");
      assert.equal(await retry(() => 1, options), 1);
    }
    await settle();
    assert.deepEqual(seen.uncaught, [], how);
    assert.deepEqual(warnings, ["callback_failed"], how);
    assert.equal(seen.errors.length, 4, `${how}: one error for each callback`);
    assert.ok(seen.errors.every(([, error]) => (error as Error).message === "mine"));
  }
});

test("an onWarning that throws is reported on the console alone", async (t) => {
  const seen = watchful(t);
  const onWarning = async () => {
    throw new Error("mine");
  };
  const headers = { "content-type": "application/json", "x-stainless-retry-count": "1" };
  for (let i = 0; i < 3; i++) {
    const response = await createFetch({ onWarning, fetch: faultyFetch([whole]) })(url, { ...post(), headers });
    await response.text();
  }
  await settle();
  assert.deepEqual(seen.uncaught, []);
  assert.equal(seen.errors.length, 1);
});

test("an error that a hook throws reaches the caller", async (t) => {
  const seen = watchful(t);
  const mine = new Error("mine");
  const bad = () => {
    throw mine;
  };
  const rejects = async () => bad();
  for (const hook of [bad, rejects]) {
    const fetch = () => faultyFetch([overloaded()]);
    await assert.rejects(createFetch({ ...quick, recover: hook, fetch: fetch() })(url, post()), mine);
    await assert.rejects(drain(stream(url, post(), { ...quick, recover: hook, fetch: fetch() })), mine);
    const resuming = { ...quick, resumeRequest: hook, fetch: faultyFetch([half]) };
    await assert.rejects(drain(stream(url, post(), resuming)), mine);
  }
  const shouldRetry = bad;
  await assert.rejects(
    retry(() => Promise.reject(new Error("first")), { shouldRetry }),
    mine,
  );
  await settle();
  assert.deepEqual(seen.uncaught, []);
});

/** The functions that a callback may call. */
const acts: Record<
  string,
  (at: { controller: Controller; abort: AbortController; again: () => void; calls: number }) => void
> = {
  retryNow: ({ controller }) => controller.retryNow(),
  stop: ({ controller }) => controller.stop(),
  abort: ({ abort }) => abort.abort(new Error("enough")),
  manual: ({ controller }) => {
    controller.manual = false;
  },
  subscribe: ({ controller }) => controller.subscribe(() => controller.retryNow())(),
  "another request": ({ again }) => again(),
  "switching manual on and off": ({ controller, calls }) => {
    if (calls === 1) {
      controller.manual = true;
      queueMicrotask(() => {
        controller.manual = false;
      });
    }
  },
  all: (at) => {
    for (const name of ["retryNow", "manual", "subscribe", "another request", "stop", "abort"]) {
      acts[name]!(at);
    }
  },
};

test("callbacks may call every function of the package", { timeout: 60_000 }, async (t) => {
  const seen = watchful(t);
  const callbacks = ["onRetry", "onStatus", "onAttempt", "onWarning", "recover", "resumeRequest", "subscribe"] as const;
  for (const callback of callbacks) {
    for (const [name, act] of Object.entries(acts)) {
      for (const client of ["fetch", "stream"]) {
        const controller = createController();
        const abort = new AbortController();
        let calls = 0;
        let others = 0;
        const all: Promise<unknown>[] = [];
        const again = () => {
          if (others++ < 3) {
            const response = createFetch({ ...quick, controller, fetch: faultyFetch([overloaded(), whole]) })(
              url,
              post(),
            );
            all.push(response.then((r) => r.text()).catch(() => {}));
          }
        };
        const back = () => {
          if (calls++ > 300) {
            return; // otherwise an endless loop would go unnoticed
          }
          act({ controller, abort, again, calls });
        };
        if (callback === "subscribe") {
          controller.subscribe(back);
        }
        const fetch = faultyFetch([overloaded(), half, whole, whole, whole]);
        const options: FetchOptions = {
          ...quick,
          controller,
          fetch,
          ...(callback !== "subscribe" && { [callback]: back }),
        };
        const init = { ...post(abort.signal), headers: { "x-stainless-retry-count": "1" } };
        all.push(
          client === "fetch"
            ? createFetch(options)(url, init)
                .then((r) => r.text())
                .catch(() => {})
            : drain(stream(url, init, options)).catch(() => {}),
        );
        for (let i = 0; i < all.length; i++) {
          await all[i]; // more may have been added meanwhile
        }
        assert.ok(calls < 100, `${name} inside ${callback}: ${calls} calls`);
        assert.ok(fetch.requests.length <= 5);
        assert.notEqual(controller.status.state, "waiting", `${name} inside ${callback}, ${client}`);
      }
    }
  }
  await settle();
  assert.deepEqual(seen.uncaught, []);
  assert.deepEqual(handles, { session: 0, reader: 0 });
});

// biome-ignore format: a table
const odd: unknown[] = [null, NaN, -1, 0, Infinity, "", "x", true, {}, [], Symbol("s"), 10n, () => 1, new Date(), /x/, new Map(), Object.create(null), new Proxy({}, {}),
  new Proxy({}, { get() { throw new Error("trap"); } }), new Proxy(() => 1, { apply() { throw new Error("trap"); } })];

test("options and arguments of any type cause a TypeError or nothing, and are never written to", async (t) => {
  const seen = watchful(t);
  const names = [
    ...[
      "maxAttempts",
      "initialDelayMs",
      "maxElapsedMs",
      "maxRetryAfterMs",
      "contentTimeoutMs",
      "preset",
      "jitter",
      "protocol",
      "lenient",
      "bucket",
    ],
    ...[
      "onRetry",
      "onStatus",
      "onAttempt",
      "onWarning",
      "controller",
      "provider",
      "restore",
      "fetch",
      "recover",
      "resumeRequest",
      "signal",
      "nonsense",
    ],
  ];
  for (const name of names) {
    for (const value of odd) {
      const fetch = faultyFetch([whole]);
      const options = Object.freeze({ fetch, ...quick, maxAttempts: 2, [name]: value });
      for (const make of [
        async () => (await createFetch(options as FetchOptions)(url, post())).text(),
        () => drain(stream(url, post(), options as StreamOptions)),
      ]) {
        try {
          await Promise.race([
            make(),
            new Promise((_, reject) => realSetTimeout(reject, 5000, new Error("hangs")).unref()),
          ]);
        } catch (error) {
          const fine =
            error instanceof TypeError ||
            error instanceof RetryError ||
            (error as Error).message === "trap" ||
            value === error;
          assert.ok(fine, `${name}: ${String(error)}`);
        }
      }
    }
  }
  for (const value of odd) {
    for (const member of ["method", "headers", "body", "signal", "redirect", "credentials", "cache"]) {
      const fetch: typeof globalThis.fetch = async (input, init) => {
        new Request(input, init); // as fetch does: it throws what fetch throws
        return new Response("fine");
      };
      const init = Object.freeze({ method: "POST", [member]: value }) as RequestInit;
      const outcome = async (act: () => Promise<Response>) => {
        try {
          return await (await act()).text();
        } catch (error) {
          return error instanceof TypeError ? "TypeError" : String(error);
        }
      };
      const plain = await outcome(() => fetch(url, init));
      const ours = await outcome(() => createFetch({ fetch, ...quick, maxAttempts: 2 })(url, init));
      if (!(member === "body" && typeof value === "object" && ours.startsWith("RetryError"))) {
        assert.equal(ours, plain, `${member} = ${typeof value}`); // only sending shows that an object has no text
      }
    }
    await assert.rejects(async () =>
      createFetch({ fetch: faultyFetch([]), maxAttempts: 1 })(value as string, value as RequestInit).then((r) => {
        assert.equal(r.status, 400);
        throw new Error("answered");
      }),
    );
  }
  await settle();
  assert.deepEqual(seen.uncaught, []);
  assert.deepEqual(handles, { session: 0, reader: 0 });
});

test("an error that a getter throws reaches the caller, and nothing is left open", async () => {
  const mine = new Error("mine");
  const trap = {
    get: () => {
      throw mine;
    },
    enumerable: true,
  };
  for (const name of ["maxAttempts", "onRetry", "controller", "fetch", "restore"]) {
    const options = Object.defineProperty({}, name, trap) as FetchOptions;
    assert.throws(() => createFetch(options), mine, name);
    assert.throws(() => stream(url, post(), options), mine, name);
    await assert.rejects(
      retry(() => 1, options),
      mine,
      name,
    );
  }
  for (const name of ["method", "headers", "body", "signal"]) {
    const init = Object.defineProperty({ ...post() }, name, trap);
    await assert.rejects(createFetch({ fetch: faultyFetch([whole]) })(url, init), mine, name);
  }
  let late = false;
  const sometimes = Object.defineProperty({ fetch: faultyFetch([whole]) }, "maxAttempts", {
    enumerable: true,
    get() {
      if (late) {
        throw mine;
      }
      return 2;
    },
  }) as FetchOptions;
  const fetch = createFetch(sometimes);
  late = true;
  await (await fetch(url, post())).text(); // the options that were checked are used
  assert.deepEqual(handles, { session: 0, reader: 0 });
});

/** Every way in which a request can end, for each client. */
const endings: Record<
  string,
  (o: { signal: AbortSignal; abort: () => void; controller: Controller }) => Promise<unknown>
> = {};
const scripts: Record<string, { steps: () => FaultyStep[]; options?: FetchOptions }> = {
  "a whole answer": { steps: () => [whole] },
  "a failure and an answer": { steps: () => [overloaded(), new TypeError("fetch failed"), whole] },
  "a broken answer": { steps: () => [half, half, whole] },
  "a permanent failure": { steps: () => [new Response("", { status: 400 })] },
  "attempts used up": { steps: () => [overloaded(), overloaded()], options: { maxAttempts: 2 } },
  "no response": { steps: () => [new TypeError("fetch failed")], options: { maxAttempts: 1 } },
  "an untouched answer": {
    steps: () => [{ headers: { "content-type": "application/octet-stream" }, chunks: ["x", "y"] }],
  },
  "a document": { steps: () => [new Response('{"choices":[]}', { headers: { "content-type": "application/json" } })] },
  "a stall before the headers": { steps: () => [{ stall: true }] },
  "a stall before output": { steps: () => [{ chunks: [role], stall: true }] },
  "a stall in the answer": { steps: () => [{ chunks: [role, token("Hel")], stall: true }] },
  "a long wait": { steps: () => [overloaded(), whole], options: { initialDelayMs: 600_000, maxDelayMs: 600_000 } },
  recovered: {
    steps: () => [new Response("", { status: 401 }), whole],
    options: { recover: () => ({ headers: { a: "b" } }) },
  },
  "a recover that never answers": {
    steps: () => [new Response("", { status: 401 })],
    options: { recover: () => new Promise(() => {}) },
  },
  "what fetch refuses": {
    steps: () => [Object.assign(new TypeError("fetch failed"), { cause: new Error("unexpected redirect") })],
  },
};
for (const [name, { steps, options }] of Object.entries(scripts)) {
  endings[`createFetch, ${name}`] = async ({ signal, controller }) => {
    const response = await createFetch({ ...quick, ...options, controller, fetch: faultyFetch(steps()) })(
      url,
      post(signal),
    );
    await response.text();
  };
  endings[`createFetch, ${name}, the body canceled`] = async ({ signal, controller }) => {
    const response = await createFetch({ ...quick, ...options, controller, fetch: faultyFetch(steps()) })(
      url,
      post(signal),
    );
    await response.body?.cancel();
  };
  endings[`stream, ${name}`] = ({ signal, controller }) =>
    drain(stream(url, post(signal), { ...quick, ...options, controller, fetch: faultyFetch(steps()) }));
  endings[`stream, ${name}, left after one event`] = async ({ signal, controller }) => {
    for await (const _ of stream(url, post(signal), {
      ...quick,
      ...options,
      controller,
      fetch: faultyFetch(steps()),
    })) {
      break;
    }
  };
}
endings["retry, a value"] = ({ signal, controller }) => retry(() => 1, { signal, controller });
endings["retry, failures"] = ({ signal, controller }) => {
  let n = 0;
  return retry(() => (n++ < 2 ? Promise.reject(Object.assign(new Error("x"), { status: 503 })) : 1), {
    ...quick,
    signal,
    controller,
  });
};
endings["retry, what never ends"] = ({ signal, controller }) =>
  retry(() => new Promise(() => {}), { signal, controller });

test("every handle, listener and timer is released, however a request ends", { timeout: 110_000 }, async (t) => {
  const seen = watchful(t);
  for (const [name, run] of Object.entries(endings)) {
    for (const end of ["by itself", "aborted before", "aborted", "stopped", "trapped"]) {
      const abort = new AbortController();
      const controller = createController();
      const stop = () => (end === "stopped" ? controller.stop() : abort.abort(new Error("enough")));
      if (end === "aborted before") {
        stop();
      }
      const over = run({ signal: abort.signal, abort: stop, controller }).catch(() => {});
      let ended = false;
      void over.then(() => {
        ended = true;
      });
      await settle();
      if (end === "trapped") {
        broken = true;
        controller.manual = true; // reports to every session
        broken = false;
      }
      if (end !== "by itself") {
        stop();
      } else {
        await new Promise((resolve) => realSetTimeout(resolve, 15));
        if (!ended) {
          stop(); // for requests that never end by themselves
        }
      }
      await settle();
      if (!ended) {
        abort.abort(new Error("enough")); // the controller no longer has a response that passed
      }
      await over;
      await settle();
      const where = `${name}, ${end}`;
      assert.deepEqual(handles, { session: 0, reader: 0 }, where);
      for (let i = 0; i < 100 && getEventListeners(abort.signal, "abort").length > 0; i++) {
        collect?.(); // an untouched response follows its signal for as long as it is reachable
        await new Promise((resolve) => realSetTimeout(resolve, 2));
      }
      assert.equal(getEventListeners(abort.signal, "abort").length, 0, where);
      assert.equal(timers.size, 0, where);
    }
  }
  assert.deepEqual(seen.uncaught, []);
});

test("when an instance traps, requests on the next one continue", async () => {
  const one = createFetch({ ...quick, fetch: faultyFetch([{ chunks: [role], stall: true }]) })(url, post());
  await settle();
  const dying = createController();
  const other = createFetch({ ...quick, controller: dying, fetch: faultyFetch([{ chunks: [role], stall: true }]) })(
    url,
    post(),
  );
  await settle();
  broken = true;
  dying.manual = true;
  const responses = await Promise.allSettled([one, other]);
  assert.ok(
    responses.every(({ status }) => status === "rejected"),
    "every session of the instance fails, with an error",
  );
  for (const { reason } of responses as PromiseRejectedResult[]) {
    assert.match(String(reason), /has trapped/);
  }
  const all = Array.from({ length: 20 }, async () => {
    const response = await createFetch({ ...quick, fetch: faultyFetch([overloaded(), whole]) })(url, post());
    return response.text();
  });
  assert.deepEqual(new Set(await Promise.all(all)), new Set([answer.join("")]));
  await settle();
  assert.deepEqual(handles, { session: 0, reader: 0 });
});

test("a null option counts as absent, as with fetch", async () => {
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch })(url, null as unknown as RequestInit));
  await settle();
  calls[0]!.respond(200, "ok", { "content-type": "text/plain" });
  await settle();
  assert.equal(await seen.value!.text(), "ok");
  for (const nothing of [null, undefined] as unknown as string[]) {
    const own = await createFetch()(nothing).catch((error) => error);
    const theirs = await globalThis.fetch(nothing).catch((error) => error);
    assert.deepEqual([own.name, own.message], [theirs.name, theirs.message]);
  }
});
