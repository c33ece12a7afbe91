import assert from "node:assert/strict";
import { test } from "node:test";
import { makeTurns, turn } from "../src/session/turn.js";

/** Turns of the event loop, on a fake clock. */
function turns() {
  const tasks: (() => void)[] = [];
  let now = 0;
  return {
    turn: makeTurns(
      () => now,
      (task) => tasks.push(task),
    ),
    work: (ms: number) => {
      now += ms;
    },
    /** The event loop goes on. */
    async next() {
      assert.equal(tasks.length, 1, "one task at a time");
      tasks.shift()!();
      await new Promise((resolve) => setImmediate(resolve));
      return tasks.length;
    },
  };
}

test("callers that together take little time continue at once, in each turn of the event loop", async () => {
  const { turn, work, next } = turns();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 29; i++) {
      assert.equal(turn("begin"), undefined);
      work(1);
    }
    assert.equal(await next(), 0, "no caller waits");
    work(1000);
  }
});

test("where they together take long, the rest continue in later turns, first come, first served", async () => {
  const { turn, work, next } = turns();
  const order: number[] = [];
  for (let i = 0; i < 230; i++) {
    void (async () => {
      const wait = turn("begin");
      if (wait) {
        await wait;
      }
      order.push(i);
      work(1);
    })();
  }
  const first = order.length;
  assert.ok(first >= 29 && first <= 31, `${first} in the first turn`);
  while ((await next()) > 0) {
    // While others wait, new callers wait behind them.
    assert.ok(turn("begin") instanceof Promise);
  }
  assert.deepEqual(
    order,
    Array.from({ length: 230 }, (_, i) => i),
  );
  assert.equal(turn("begin"), undefined);
});

test("a request that has begun goes before those that begin, however long they have waited", async () => {
  const { turn, work, next } = turns();
  const order: string[] = [];
  const ask = async (what: "begin" | undefined, name: string) => {
    const wait = turn(what);
    if (wait) {
      await wait;
    }
    order.push(name);
  };
  turn("begin");
  work(100);
  const waiting = 120;
  for (let i = 0; i < waiting; i++) {
    void ask("begin", `begins ${i}`);
  }
  await next();
  const begun = order.length;
  assert.ok(begun > 0 && begun < waiting, `${begun} in a turn`);
  void ask(undefined, "answer 1");
  void ask("begin", "begins last");
  void ask(undefined, "answer 2");
  await next();
  assert.deepEqual(order.slice(begun, begun + 3), ["answer 1", "answer 2", `begins ${begun}`]);
  while ((await next()) > 0) {
    // the rest
  }
  assert.equal(order.length, waiting + 3);
  assert.equal(order.at(-1), "begins last");
});

test("the real event loop runs between them", async () => {
  let beats = 0;
  const beat = setInterval(() => beats++);
  const until = (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end) {
      // works
    }
  };
  await Promise.all(
    Array.from({ length: 300 }, async () => {
      const wait = turn("begin");
      if (wait) {
        await wait;
      }
      until(1);
    }),
  );
  clearInterval(beat);
  assert.ok(beats >= 3, `${beats} beats`);
});
