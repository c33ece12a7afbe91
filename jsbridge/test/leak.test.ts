import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createController, createFetch } from "../src/index.js";
import { answer, post, role, sse, token, url } from "./fakes.js";

const collect = (globalThis as { gc?: () => void }).gc;

// The package does not export its instance, so it is caught when it is created.
let memory: WebAssembly.Memory | undefined;
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, args) {
    const instance = Reflect.construct(target, args) as WebAssembly.Instance;
    memory = instance.exports.memory as WebAssembly.Memory;
    return instance;
  },
});
const moduleBytes = () => memory!.buffer.byteLength;

/** Small numbers that look random and are the same in every run. */
function numbers(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x / 2 ** 32;
  };
}

const encoded = [...answer, role, token("x")].map((text) => new TextEncoder().encode(text));

// 100000 is the number to try after a change to the driver; it takes a minute or two.
const many = Number(process.env.STEADFETCH_LEAK_REQUESTS ?? 6000);

test("thousands of requests, aborted at random moments, leave nothing behind", {
  timeout: 110_000 + many * 5,
}, async () => {
  const random = numbers(1);
  const long = new AbortController(); // a signal that outlives all requests
  const controller = createController();
  let open = 0; // attempts whose transport was neither ended nor released
  const fetch = createFetch({
    controller,
    initialDelayMs: 1,
    maxDelayMs: 1,
    fetch: async (_input, init) => {
      const { signal } = init!;
      const at = random();
      if (at < 0.2) {
        throw new TypeError("fetch failed");
      }
      if (at < 0.4) {
        return new Response('{"error":{"message":"Overloaded"}}', { status: 529 });
      }
      open++;
      let i = 0;
      const stops = Math.floor(random() * answer.length);
      let closed = false;
      const close = () => {
        open -= closed ? 0 : 1;
        closed = true;
      };
      signal!.addEventListener("abort", close, { once: true });
      return new Response(
        new ReadableStream({
          async pull(c) {
            if (signal!.aborted) {
              c.error(signal!.reason);
            } else if (i === stops && at < 0.6) {
              close();
              c.error(new TypeError("terminated"));
            } else if (i < answer.length) {
              c.enqueue(encoded[i++]!.slice());
            } else {
              close();
              c.close();
            }
          },
          cancel: close,
        }),
        { headers: sse },
      );
    },
  });

  async function one(i: number): Promise<void> {
    const own = new AbortController();
    const signal = i % 2 ? own.signal : long.signal;
    if (i % 2) {
      const steps = Math.floor(random() * 30);
      void (async () => {
        for (let s = 0; s < steps; s++) {
          await null;
        }
        own.abort(new Error("enough"));
      })();
    }
    try {
      const response = await fetch(url, post(signal));
      if (random() < 0.2) {
        await response.body?.cancel();
      } else {
        await response.text();
      }
    } catch {
      // as intended
    }
  }

  const rounds = async (n: number, together = 50) => {
    for (let i = 0; i < n; i += together) {
      await Promise.all(Array.from({ length: together }, (_, j) => one(i + j)));
    }
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 2)); // lets finalizers run
      collect?.();
    }
    return process.memoryUsage();
  };

  await rounds(2000, 100); // twice as many at once as later, so that the memory has reached its size
  const before = await rounds(1000);
  const module = moduleBytes();
  const after = await rounds(many);
  assert.equal(moduleBytes(), module, "the module's memory does not grow");
  assert.equal(getEventListeners(long.signal, "abort").length, 0);
  assert.equal(open, 0, "no transport is left open");
  const perRequest = (after.heapUsed - before.heapUsed) / many;
  if (process.env.STEADFETCH_LEAK_REQUESTS) {
    console.log(
      `heap ${before.heapUsed} -> ${after.heapUsed} bytes after ${many} requests; the module keeps ${module}`,
    );
  }
  assert.ok(perRequest < 200, `each request leaves ${perRequest} bytes behind`);
});

test("a response that has become unreachable is released, as with fetch, and no other", {
  skip: !collect,
}, async () => {
  const many = 40;
  let open = 0;
  let failed = 0;
  const guarded = createFetch({
    initialDelayMs: 1,
    fetch: async (_input, init) => {
      const retried = failed < many && failed++ % 2 === 0; // its response was prepared but is not needed
      open++;
      const close = () => open--;
      init!.signal!.addEventListener("abort", close, { once: true });
      const body = new ReadableStream({
        start(c) {
          c.enqueue(new TextEncoder().encode(retried ? ": wait\n\n" : role + token("x")));
          if (retried) {
            c.close();
            close();
            init!.signal!.removeEventListener("abort", close);
          }
        },
      });
      return new Response(body, { headers: sse });
    },
  });
  const forAWhile = async () => {
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      collect!();
    }
  };
  const drop = async () => void (await guarded(url, post()));
  const dropAfterReading = async () => {
    const reader = (await guarded(url, post())).body!.getReader();
    await reader.read();
  };
  const held: unknown[] = [];
  const holdReader = async () => {
    const reader = (await guarded(url, post())).body!.getReader();
    await reader.read();
    held.push(reader);
  };
  const holdBody = async () => void held.push((await guarded(url, post())).body);
  const waitForText = async () => {
    const response = await guarded(url, post());
    void response.text().catch(() => {}); // nothing else holds what waits
  };
  for (let i = 0; i < many; i++) {
    await [drop, dropAfterReading, holdReader, holdBody, waitForText][i % 5]!();
  }
  await forAWhile();
  assert.equal(open, (many / 5) * 3, "responses that are reachable, or being read, stay");
  assert.equal(held.length, (many / 5) * 2);
  held.length = 0;
  await forAWhile();
  assert.equal(open, many / 5, "only responses that are being read stay");
});
