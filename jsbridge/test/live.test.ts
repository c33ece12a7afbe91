import assert from "node:assert/strict";
import { test } from "node:test";
import { enter, failAll, leave, newId, rouse } from "../src/session/live.js";
import { settle } from "./fakes.js";

function member(log: string[], name: string): number {
  const id = newId();
  enter(id, {
    report: (what) => log.push(`${name} ${what}`),
    tick: () => log.push(`${name} tick`),
    rouse: () => log.push(`${name} roused`),
  });
  return id;
}

test("of many sessions only those named are woken, and only while they live", () => {
  const log: string[] = [];
  const [a, b, c] = ["a", "b", "c"].map((name) => member(log, name)) as [number, number, number];
  rouse([c, a, 2 ** 31 - 1]);
  rouse();
  leave(a);
  rouse([a, b]);
  assert.deepEqual(log, ["c roused", "a roused", "b roused"]);
  leave(b);
  leave(c);
});

test("after a trap every session of the module gets a timer event, in a task of its own", async () => {
  const log: string[] = [];
  const ids = ["a", "b"].map((name) => member(log, name));
  failAll();
  assert.deepEqual(log, []);
  await settle();
  assert.deepEqual(log, ["a timer", "b timer"]);
  ids.forEach(leave);
});
