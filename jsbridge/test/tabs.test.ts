import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { makeProbe } from "../src/session/tabs.js";
import { settle } from "./fakes.js";

/** Simulates a page whose locks are granted when `grant` is called. */
function page(t: TestContext, refuse = false) {
  const held = new Set<string>();
  const waiting: (() => void)[] = [];
  const locks = {
    async request(name: string, _options: object, then: (lock: object | null) => unknown) {
      if (refuse) {
        throw new DOMException("The request was denied", "SecurityError");
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (held.has(name)) {
        return then(null);
      }
      held.add(name);
      await then({ name });
      held.delete(name);
      return undefined;
    },
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { onLine: true, locks }, configurable: true });
  t.after(() =>
    before ? Object.defineProperty(globalThis, "navigator", before) : Reflect.deleteProperty(globalThis, "navigator"),
  );
  return {
    held,
    async grant() {
      for (const resolve of waiting.splice(0)) {
        resolve();
      }
      await settle();
    },
  };
}

test("one tab goes first in a bucket, and the next when that one has ended", async (t) => {
  const { held, grant } = page(t);
  const first: (string | boolean)[] = [];
  const [one, other] = [makeProbe(), makeProbe()];
  one.begin("b", (mine) => first.push("one", mine));
  other.begin("b", (mine) => first.push("other", mine));
  await grant();
  assert.deepEqual(first, ["one", true, "other", false]);
  one.end();
  await settle();
  assert.equal(held.size, 0);
  other.begin("b", (mine) => first.push("other", mine));
  await grant();
  assert.deepEqual(first.slice(4), ["other", true]);
  other.end();
});

test("a tab that no longer wants to go first gets no answer, and holds nothing", async (t) => {
  const { held, grant } = page(t);
  const probe = makeProbe();
  const answers: boolean[] = [];
  probe.begin("b", (first) => answers.push(first));
  probe.end();
  await grant();
  assert.equal(answers.length, 0);
  assert.equal(held.size, 0);
  probe.begin("b", (first) => answers.push(first));
  await grant();
  assert.deepEqual(answers, [true]);
  probe.end();
  probe.end();
});

test("where there are no locks, or they are refused, every tab may go first", async (t) => {
  const answers: boolean[] = [];
  makeProbe().begin("b", (first) => answers.push(first));
  assert.deepEqual(answers, [true], "Node.js has no other tabs");
  page(t, true);
  makeProbe().begin("b", (first) => answers.push(first));
  await settle();
  assert.deepEqual(answers, [true, true], "an opaque origin may use none");
});
