import assert from "node:assert/strict";
import { test } from "node:test";
import { engine } from "../src/engine/module.js";
import { policyTypes } from "../src/engine/shapes.gen.js";
import { createController, createFetch, retry, stream } from "../src/index.js";
import { network, post, settle, url, watch } from "./fakes.js";

/** Every function that takes options, as a call that fails as the function does. */
const ways: Record<string, (options: object) => void | Promise<void>> = {
  createFetch: (options) => void createFetch(options),
  stream: (options) => void stream(url, post(), options),
  retry: (options) => retry(async () => {}, options),
};

const wrong: [options: object, says: RegExp][] = [
  [{ maxAttemps: 3 }, /no option maxAttemps; did you mean maxAttempts\?/],
  [{ onRety() {} }, /no option onRety; did you mean onRetry\?/],
  [{ max_attempts: 3 }, /no option max_attempts; did you mean maxAttempts\?/],
  [{ timeout: 3 }, /no option timeout$/],
  [{ toString: 3 }, /no option toString$/],
  [{ jitter: "ful" }, /jitter must be one of "none", "full", "equal"/],
  [{ maxAttempts: -1 }, /maxAttempts must be a number of at least 0/],
  [{ maxAttempts: Number.NaN }, /maxAttempts must be a number/],
  [{ maxAttempts: "3" }, /maxAttempts must be a number/],
  [{ maxAttempts: null }, /maxAttempts must be a number/],
  [{ lenient: 1 }, /lenient must be a boolean/],
  [{ onRetry: "log" }, /onRetry must be a function/],
  [{ provider: 7 }, /provider must be a string/],
  [{ restore: null }, /restore must be an object/],
  [{ controller: {} }, /controller must be a controller from createController\(\)/],
];

for (const [name, call] of Object.entries(ways)) {
  test(`${name} refuses unknown and invalid options by name`, async () => {
    for (const [options, says] of wrong) {
      const expected = (error: unknown) =>
        error instanceof TypeError && says.test(error.message) && error.message.startsWith(`${name}: `);
      if (name === "retry") {
        await assert.rejects(call(options) as Promise<void>, expected);
      } else {
        assert.throws(() => call(options), expected);
      }
    }
  });

  test(`${name} takes every option of the policy`, async () => {
    for (const [option, type] of Object.entries(policyTypes)) {
      const values =
        type === "number"
          ? [0, 0.5, 1e300, Number.POSITIVE_INFINITY]
          : type === "boolean"
            ? [true]
            : type === "string"
              ? ["mine"]
              : type;
      for (const value of [undefined, ...values]) {
        await call({ [option]: value, controller: createController(), onStatus: undefined });
      }
    }
  });
}

test("an option of one function is refused by the others", () => {
  const refused = /no option/;
  assert.throws(() => createFetch({ signal: new AbortController().signal } as object), refused);
  assert.throws(() => createFetch(null as never), /options must be an object/);
  assert.throws(() => stream(url, post(), { signal: {} as AbortSignal }), /signal must be an AbortSignal/);
  stream(url, post(), { signal: null });
});

test("Infinity turns a limit off", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_795_000_000_000 });
  const { fetch, calls } = network();
  const seen = watch(createFetch({ fetch, contentTimeoutMs: Number.POSITIVE_INFINITY })(url, post()));
  await settle();
  t.mock.timers.tick(24 * 3_600_000);
  await settle();
  assert.equal(calls.length, 1);
  assert.equal(seen.state, "pending");
});

test("a controller of another copy of the package is accepted", () => {
  const copy = Object.defineProperty({}, Symbol.for("steadfetch.registry"), { value: { set() {} } });
  createFetch({ controller: copy as never });
});

test("an invalid signal leaves nothing behind", async () => {
  const { fetch, calls } = network();
  const guarded = createFetch({ fetch });
  const wanted = engine().open({ policy: {}, request: {} });
  for (let i = 0; i < 1000; i++) {
    await assert.rejects(guarded(url, { ...post(), signal: {} as AbortSignal }), TypeError);
  }
  assert.throws(() => stream(url, { ...post(), signal: {} as AbortSignal }), TypeError);
  const next = engine().open({ policy: {}, request: {} });
  // A handle's low half is its index, which is the next one if none was used meanwhile.
  assert.equal(next & 0xffff, (wanted & 0xffff) + 1);
  engine().free(wanted);
  engine().free(next);
  assert.equal(calls.length, 0);
});
