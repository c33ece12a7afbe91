import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { type TestContext, test } from "node:test";
import type { Options } from "../src/api/options.js";
import type { Engine, Move } from "../src/engine/abi.js";
import type { Answer, Config, Happened, Verdict } from "../src/engine/shapes.gen.js";
import { drive, type Host, type Session } from "../src/session/driver.js";
import { clock, settle } from "./fakes.js";

const verdict: Verdict = { retryable: false, kind: "server", message: "m" };

/** An engine that answers from a list, and logs its events. */
function scripted(...answers: (Answer | Error)[]) {
  const told: Happened[] = [];
  const freed: number[] = [];
  const pieces: number[] = [];
  let config: Config | undefined;
  let going = 0;
  const engine: Engine = {
    ask: () => assert.fail("a driver asks nothing"),
    ending: () => ({}),
    events: () => undefined,
    about: () => ({}),
    delay: () => 0,
    open(c) {
      config = c;
      return 7;
    },
    body(_session, bytes) {
      pieces.push(bytes.length);
      return pieces.length < 2;
    },
    event(session, happened) {
      assert.equal(session, 7);
      told.push(happened);
      const answer = answers.shift() ?? { do: "none" };
      if (answer instanceof Error) {
        throw answer;
      }
      going = answer.bytes ?? 0;
      return answer;
    },
    chunk(_session, _attempt, bytes) {
      going = bytes.length > 3 ? 2 : bytes.length;
      return bytes.length > 3 ? { do: "none", bytes: 2, committed: true } : bytes.length;
    },
    // Bytes are released by "put": none are held here.
    moves: () => [{ do: "put", n: going, behind: 0, bytes: new Uint8Array(going) }].filter(({ n }) => n > 0) as Move[],
    get access(): Engine["access"] {
      return assert.fail("nobody reads events here");
    },
    snapshot: () => ({ state: "opening", attempt: 1, failures: 0 }),
    rewrite: (_session, body) => body,
    free: (session) => freed.push(session),
    trapped: () => false,
  };
  const log: string[] = [];
  const host: Host = {
    open: (answer) => log.push(`open ${answer.attempt}`),
    read: () => log.push("read"),
    drop: () => log.push("drop"),
    take: (bytes) => log.push(`take ${bytes.length}`),
    reset: () => log.push("reset"),
    wait: (answer) => log.push(`wait ${answer.retry?.attempt}`),
    pass: (_answer, bytes) => log.push(`pass ${bytes?.length}`),
    finish: () => void log.push("finish"),
    fail: (answer) => log.push(`fail ${answer.verdict?.kind}`),
    rethrow: () => log.push("rethrow"),
    crash: (error) => log.push(`crash ${error}`),
  };
  const start = (options: Options = {}, signal?: AbortSignal, body?: Uint8Array): Session =>
    drive(engine, options, { request: { url: "https://h/x" } }, signal, () => host, undefined, body);
  return { start, told, freed, log, pieces, config: () => config, engine, host };
}

const what = (told: Happened[]) => told.map((h) => h.what);

test("every answer is carried out, in the order that the consumer must see", () => {
  const { start, log, freed, told } = scripted(
    { do: "open", attempt: 1 },
    { do: "read", attempt: 1 },
    { do: "none", attempt: 1, reset: true, bytes: 5 },
    { do: "wait", attempt: 1, bytes: 1, retry: { attempt: 1, delayMs: 0, error: "", retryingAt: "" } },
    { do: "open", attempt: 2 },
    { do: "finish", attempt: 2, bytes: 4 },
  );
  const session = start();
  session.report("response", { attempt: 1, status: 200 });
  session.report("timer");
  session.report("error", { attempt: 1 });
  session.report("timer");
  session.report("end", { attempt: 2 });
  assert.deepEqual(log, [
    "open 1",
    "read",
    "reset",
    "take 5",
    "take 1",
    "drop",
    "wait 1",
    "open 2",
    "take 4",
    "finish",
  ]);
  assert.deepEqual(freed, [7]);
  assert.deepEqual(what(told), ["start", "response", "timer", "error", "timer", "end"]);
  session.report("abort");
  session.chunk(2, new Uint8Array(3));
  assert.equal(told.length, 6, "a session that is over gets no events");
});

test("a passed response keeps its transport; a failure closes it", () => {
  const passed = scripted({ do: "pass", attempt: 1, bytes: 3, verdict });
  passed.start();
  assert.deepEqual(passed.log, ["pass 3"]);
  const failed = scripted({ do: "open", attempt: 1 }, { do: "fail", attempt: 1, bytes: 3, verdict });
  failed.start().report("error", { attempt: 1 });
  assert.deepEqual(failed.log, ["open 1", "take 3", "drop", "fail server"]);
});

test("what the caller's fetch refuses is thrown unchanged", () => {
  const { start, log, freed } = scripted({ do: "open", attempt: 1 }, { do: "rethrow", attempt: 1, verdict });
  start().report("error", { attempt: 1 });
  assert.deepEqual(log, ["open 1", "drop", "rethrow"]);
  assert.deepEqual(freed, [7]);
});

test("the engine gets as much of the request's body as it wants, before all else", () => {
  const { start, pieces, log } = scripted({ do: "open", attempt: 1 });
  start({}, undefined, new Uint8Array(200_000));
  assert.deepEqual(pieces, [65_536, 65_536]);
  assert.deepEqual(log, ["open 1"]);
});

test("chunks are released as the engine says", () => {
  const { start, log } = scripted({ do: "open", attempt: 1 });
  const session = start();
  session.chunk(1, new Uint8Array(3));
  session.chunk(1, new Uint8Array(9));
  session.chunk(1, new Uint8Array(0));
  assert.deepEqual(log, ["open 1", "take 3", "take 2"]);
});

test("large chunks are split", () => {
  const { start, engine } = scripted({ do: "open", attempt: 1 });
  const sizes: number[] = [];
  engine.chunk = (_s, _a, bytes) => sizes.push(bytes.length) && 0;
  start().chunk(1, new Uint8Array((1 << 20) * 2 + 5));
  assert.deepEqual(sizes, [1 << 20, 1 << 20, 5]);
});

test("there is one timer, set again after every answer, and never beyond the longest that timers allow", async (t) => {
  const pass = clock(t);
  const now = Date.now();
  const { start, told } = scripted(
    { do: "open", attempt: 1, timerAt: now + 1000 },
    { do: "read", attempt: 1, timerAt: now + 5000 },
    { do: "none", attempt: 1, timerAt: now + 10 ** 12 },
    { do: "none", attempt: 1 },
  );
  const session = start();
  await pass(999);
  session.report("response", { attempt: 1 });
  await pass(4000);
  assert.deepEqual(what(told), ["start", "response"]);
  await pass(1);
  assert.deepEqual(what(told), ["start", "response", "timer"]);
  await pass(2 ** 31 - 2);
  assert.equal(told.length, 3);
  await pass(1);
  assert.equal(told.length, 4, "the engine is asked, and sets the rest of the time");
  await pass(10 ** 9);
  assert.equal(told.length, 4, "without a time there is no timer");
});

test("no timer counts while the consumer holds the stream back", async (t) => {
  const pass = clock(t);
  const now = Date.now();
  const { start, told } = scripted({ do: "open", attempt: 1, timerAt: now + 1000 });
  const session = start();
  session.hold(true);
  await pass(5000);
  assert.deepEqual(what(told), ["start"]);
  session.hold(false);
  await pass(999);
  assert.deepEqual(what(told), ["start"]);
  await pass(1);
  assert.deepEqual(what(told), ["start", "timer"]);
});

test("calls that callbacks make run after the current step", () => {
  const { start, log, told } = scripted(
    { do: "open", attempt: 1 },
    { do: "wait", attempt: 1, retry: { attempt: 1, delayMs: 9, error: "", retryingAt: "" } },
    { do: "open", attempt: 2 },
  );
  const session: Session = start({ onRetry: () => session.report("retry_now") });
  session.report("error", { attempt: 1 });
  assert.deepEqual(log, ["open 1", "drop", "wait 1", "open 2"]);
  assert.deepEqual(what(told), ["start", "error", "retry_now"]);
});

test("an abort before the start opens nothing", () => {
  const { start, log, told } = scripted({ do: "fail", verdict: { retryable: false, kind: "canceled" } });
  start({}, AbortSignal.abort());
  assert.deepEqual(what(told), ["abort"]);
  assert.deepEqual(log, ["drop", "fail canceled"]);
});

test("an engine that throws fails the session once", () => {
  const { start, log, freed } = scripted({ do: "open", attempt: 1 }, new Error("trap"));
  const session = start();
  session.report("response", { attempt: 1 });
  session.report("abort");
  assert.deepEqual(log, ["open 1", "drop", "crash Error: trap"]);
  assert.deepEqual(freed, [7]);
});

test("a warning reaches the caller, or once the console", (t) => {
  const warnings: string[] = [];
  const printed = t.mock.method(console, "warn", () => {});
  const warn: Answer = { do: "open", attempt: 1, warning: "sdk_retries_stacked" };
  scripted(warn).start({ onWarning: (rule) => warnings.push(rule) });
  assert.deepEqual(warnings, ["sdk_retries_stacked"]);
  assert.equal(printed.mock.callCount(), 0);
  scripted(warn).start();
  scripted(warn).start();
  assert.equal(printed.mock.callCount(), 1);
});

/** Simulates a runtime that isolates requests, until the test is over. */
function keepApart(t: TestContext): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Cloudflare-Workers" }, configurable: true });
  t.after(() =>
    before ? Object.defineProperty(globalThis, "navigator", before) : Reflect.deleteProperty(globalThis, "navigator"),
  );
}

test("only the sessions that the core names are woken", async () => {
  const waits = scripted({ do: "wait", attempt: 0 }, { do: "wait", attempt: 0 }, { do: "open", attempt: 1 });
  waits.start();
  const other = scripted({ do: "wait", attempt: 0 });
  other.start();
  const opens = scripted({ do: "open", attempt: 1 });
  opens.start();
  const wake = [waits.config()!.id!, opens.config()!.id!, 2 ** 31 - 1];
  assert.notEqual(wake[0], wake[1]);
  const waker = scripted({ do: "wait", attempt: 1, wake });
  waker.start();
  await settle();
  assert.deepEqual(what(waits.told), ["start", "timer"]);
  assert.deepEqual(what(opens.told), ["start"], "it no longer waits");
  assert.deepEqual(what(other.told), ["start"]);
  assert.deepEqual(what(waker.told), ["start"]);
  scripted({ do: "open", attempt: 1, wake }).start();
  await settle();
  assert.deepEqual(what(waits.told), ["start", "timer", "timer"], "every time");
  assert.equal(waits.log.at(-1), "open 1");
});

test("a woken session continues in its own caller's context, after the one that woke it", async () => {
  const caller = new AsyncLocalStorage<string>();
  const waits = scripted({ do: "wait", attempt: 0 }, { do: "open", attempt: 1 });
  waits.host.open = () => waits.log.push(`open for ${caller.getStore()}`);
  caller.run("one", () => waits.start());
  const waker = scripted({ do: "open", attempt: 1, wake: [waits.config()!.id!] });
  caller.run("other", () => waker.start());
  assert.deepEqual(what(waits.told), ["start"], "not during the other's step");
  await settle();
  assert.equal(waits.log.at(-1), "open for one");
});

test("where requests are isolated, none calls another: a waiting one polls with its own timer", async (t) => {
  keepApart(t);
  const pass = clock(t);
  const waits = scripted(
    { do: "wait", attempt: 0, timerAt: Date.now() + 60_000 },
    { do: "open", attempt: 1 },
    { do: "finish", attempt: 1 },
  );
  const session = waits.start();
  await pass(30_000);
  assert.deepEqual(what(waits.told), ["start"], "the engine is asked only if it was woken");
  scripted({ do: "open", attempt: 1, wake: [waits.config()!.id!] }).start();
  await settle();
  assert.deepEqual(what(waits.told), ["start"], "only its own timer calls it");
  await pass(100);
  assert.deepEqual(what(waits.told), ["start", "timer"]);
  assert.equal(waits.log.at(-1), "open 1");
  session.report("end", { attempt: 1 });
});

test("an isolated request's timer fires at its exact time", async (t) => {
  keepApart(t);
  const pass = clock(t);
  const waits = scripted({ do: "wait", attempt: 1, timerAt: Date.now() + 1050 }, { do: "fail", verdict });
  waits.start();
  await pass(1049);
  assert.deepEqual(what(waits.told), ["start"]);
  await pass(1);
  assert.deepEqual(what(waits.told), ["start", "timer"]);
});

test("options become the policy, name by name, and nothing else", () => {
  const { start, config } = scripted();
  start({
    maxAttempts: 3,
    initialDelayMs: 0,
    afterCommit: "fail",
    maxDelayMs: undefined,
    provider: "openai",
    onRetry: () => {},
    restore: { state: "waiting", attempt: 2, failures: 1 },
  });
  assert.deepEqual(config()!.policy, { maxAttempts: 3, initialDelayMs: 0, afterCommit: "fail" });
  assert.equal(config()!.provider, "openai");
  assert.equal(config()!.restore!.failures, 1);
  assert.equal(config()!.opaqueErrors, false, "Node.js says why a connection failed");
  assert.equal(config()!.offline, false);
});
