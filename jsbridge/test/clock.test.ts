import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { type Clock, makeClock } from "../src/session/clock.js";
import { clock, settle } from "./fakes.js";

/** A clock, and how often its session acted. */
function counted(): { own: Clock; acted: () => number } {
  let n = 0;
  return { own: makeClock(() => n++), acted: () => n };
}

test("a set time fires once, and a new one replaces it", async (t) => {
  const pass = clock(t);
  const { own, acted } = counted();
  own.set(Date.now() + 1000, false);
  own.set(Date.now() + 500, true);
  await pass(499);
  assert.equal(acted(), 0);
  await pass(1);
  assert.equal(acted(), 1);
  own.set(Date.now() + 500, false);
  own.set(0, false);
  await pass(10_000);
  assert.equal(acted(), 1, "0 means never");
  own.set(Date.now() - 5000, false);
  await pass(0);
  assert.equal(acted(), 2, "a time in the past fires now");
});

test("a wait keeps the process alive, and an open attempt does not", (t) => {
  const made: NodeJS.Timeout[] = [];
  const real = globalThis.setTimeout;
  t.mock.method(globalThis, "setTimeout", (...args: Parameters<typeof real>) => {
    made.push(real(...args));
    return made.at(-1);
  });
  const { own } = counted();
  own.set(Date.now() + 60_000, true);
  own.set(Date.now() + 60_000, false);
  own.stop();
  assert.deepEqual(
    made.map((timer) => timer.hasRef()),
    [true, false],
  );
});

test("a waiting clock acts when it is woken, in its own task and its caller's context", async () => {
  const caller = new AsyncLocalStorage<string>();
  const acted: unknown[] = [];
  const own = caller.run("mine", () => {
    const made = makeClock(() => acted.push(caller.getStore()));
    made.set(0, true);
    return made;
  });
  caller.run("another's", own.rouse);
  assert.deepEqual(acted, [], "not during the other's step");
  await settle();
  assert.deepEqual(acted, ["mine"]);
  own.rouse();
  await settle();
  assert.deepEqual(acted, ["mine", "mine"]);
  own.stop();
});

test("a clock that is set again after it was woken does not act", async () => {
  const { own, acted } = counted();
  own.set(0, true);
  own.rouse();
  own.set(0, true);
  await settle();
  assert.equal(acted(), 0);
  own.rouse();
  own.set(0, false);
  await settle();
  assert.equal(acted(), 0, "it no longer waits");
  own.stop();
});

test("a stopped clock does not act", async (t) => {
  const pass = clock(t);
  const { own, acted } = counted();
  own.set(Date.now() + 10, true);
  own.rouse();
  own.stop();
  await pass(1000);
  assert.equal(acted(), 0);
});
