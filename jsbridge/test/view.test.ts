import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Snapshot, Verdict } from "../src/engine/shapes.gen.js";
import { classify } from "../src/index.js";
import { texts } from "../src/ui/texts.js";
import { countdown, type View, type ViewContext, view } from "../src/ui/view.js";

const now = Date.parse("2026-11-23T12:00:00Z");
const later = (ms: number) => new Date(now + ms).toISOString();

const overloaded: Verdict = {
  retryable: true,
  kind: "overloaded",
  provider: "anthropic",
  status: 529,
  title: "Service overloaded",
  message: "Anthropic is temporarily overloaded.",
  detail: "Overloaded",
};
/** The wait after the first failure. */
const waiting = (more: object = {}, retry: object = {}): Snapshot => ({
  state: "waiting",
  attempt: 1,
  failures: 1,
  retry: {
    attempt: 1,
    delayMs: 4000,
    error: "Anthropic is temporarily overloaded.",
    retryingAt: later(4000),
    kind: "overloaded",
    title: "Service overloaded",
    ...retry,
  },
  ...more,
});
const failed = (more: Partial<Verdict> = {}): Snapshot => ({
  state: "failed",
  attempt: 1,
  failures: 1,
  verdict: { ...overloaded, ...more },
});
const tooLong = {
  kind: "retry_after_too_long",
  title: "Rate limited",
  message: "OpenAI asks for a longer wait than is allowed here.",
  detail: "",
} as const;

interface Case {
  name: string;
  status: Snapshot;
  context?: ViewContext;
  /** What is shown; undefined is nothing. */
  shows: Partial<View> | undefined;
}

const cases: Case[] = [
  { name: "nothing before the first request", status: { state: "idle", attempt: 0, failures: 0 }, shows: undefined },
  { name: "nothing while the first opens", status: { state: "opening", attempt: 1, failures: 0 }, shows: undefined },
  { name: "nothing while output flows", status: { state: "streaming", attempt: 3, failures: 0 }, shows: undefined },
  { name: "nothing after a finish", status: { state: "finished", attempt: 3, failures: 0 }, shows: undefined },
  {
    name: "the wait after the first failure is for attempt 2",
    status: waiting(),
    shows: {
      tone: "waiting",
      title: "Service overloaded",
      message: "Anthropic is temporarily overloaded.",
      attempt: 2,
      until: now + 4000,
      delayMs: 4000,
      say: "Service overloaded. Retrying in 4 seconds, attempt 2.",
      actions: ["retryNow", "stop"],
    },
  },
  {
    name: "one second is singular, and a part of a second is rounded up",
    status: waiting({}, { delayMs: 300, retryingAt: later(300) }),
    shows: { say: "Service overloaded. Retrying in 1 second, attempt 2." },
  },
  {
    name: "a wait without a valid date has no countdown, and none is announced",
    status: waiting({}, { retryingAt: "soon" }),
    shows: { until: undefined, say: "Service overloaded, attempt 2." },
  },
  {
    name: "a wait whose length is no number has no countdown announced",
    status: waiting({}, { delayMs: Number.NaN }),
    shows: { say: "Service overloaded, attempt 2." },
  },
  {
    name: "a failure without a title gets a plain one",
    status: { state: "waiting", attempt: 1, failures: 1 },
    shows: { title: "Request failed", message: "", until: undefined },
  },
  {
    name: "Retry now counts the failures from 0 again, but not the requests",
    status: waiting({ attempt: 4, failures: 1 }),
    shows: { attempt: 5 },
  },
  {
    name: "a request held by a limit shows how many are before it",
    status: waiting({ attempt: 0, failures: 0, waitingFor: "cooldown" }, { attempt: 0, kind: "rate_limit", before: 3 }),
    shows: {
      title: "Waiting for the rate limit, 3 before you",
      message: "",
      attempt: undefined,
      until: now + 4000,
      say: "Waiting for the rate limit",
      actions: ["stop"],
    },
  },
  {
    name: "a held request without a count",
    status: waiting({ waitingFor: "cooldown" }),
    shows: { title: "Waiting for the rate limit", attempt: 2, actions: ["stop"] },
  },
  {
    name: "attempt 0 is a held request",
    status: waiting({ attempt: 0, failures: 0 }, { attempt: 0, kind: "rate_limit" }),
    shows: { title: "Waiting for the rate limit", actions: ["stop"] },
  },
  {
    name: "while offline there is no countdown",
    status: waiting({ waitingFor: "connection" }),
    shows: {
      title: "Waiting for connection",
      until: undefined,
      attempt: 2,
      say: "Waiting for connection",
      actions: ["retryNow", "stop"],
    },
  },
  {
    name: "a wait that only a person ends has no countdown",
    status: waiting({ waitingFor: "person" }),
    shows: {
      title: "Service overloaded",
      until: undefined,
      say: "Service overloaded, attempt 2.",
      actions: ["retryNow", "stop"],
    },
  },
  {
    name: "the request after the first failure is attempt 2",
    status: waiting({ state: "opening", attempt: 2 }),
    shows: {
      tone: "opening",
      title: "Retrying… (attempt 2)",
      message: "Anthropic is temporarily overloaded.",
      until: undefined,
      say: "",
      actions: ["stop"],
    },
  },
  {
    name: "the request after Retry now has its number",
    status: { state: "opening", attempt: 3, failures: 0 },
    shows: { title: "Retrying… (attempt 3)" },
  },
  {
    name: "a slow first request is shown as slow",
    status: { state: "opening", attempt: 1, failures: 0, slow: true },
    shows: {
      tone: "opening",
      title: "The response is taking longer than usual",
      say: "The response is taking longer than usual",
      actions: ["stop"],
    },
  },
  {
    name: "a slow retry is shown as slow, with its attempt",
    status: waiting({ state: "opening", attempt: 2, slow: true }),
    shows: { title: "Retrying… (attempt 2)", message: "The response is taking longer than usual" },
  },
  {
    name: "a failure shows all its facts, and the provider's status page for an overload",
    status: failed(),
    shows: {
      tone: "failed",
      title: "Service overloaded",
      message: "Anthropic is temporarily overloaded.",
      detail: "Overloaded",
      status: 529,
      link: "https://status.claude.com",
      say: "Service overloaded. Anthropic is temporarily overloaded.",
      actions: ["retry"],
    },
  },
  {
    name: "a detail that repeats the title is left out",
    status: failed({ detail: overloaded.title! }),
    shows: { detail: "" },
  },
  {
    name: "a detail that repeats the message is left out",
    status: failed({ detail: overloaded.message! }),
    shows: { detail: "" },
  },
  { name: "other failures have no link", status: failed({ kind: "server" }), shows: { link: "" } },
  { name: "unknown providers have no status page", status: failed({ provider: "someone" }), shows: { link: "" } },
  { name: "a property of Object is no provider", status: failed({ provider: "constructor" }), shows: { link: "" } },
  {
    name: "used-up attempts hide the overload",
    status: failed({ kind: "attempts_exhausted" }),
    shows: { link: "" },
  },
  {
    name: "used-up attempts show the overload if the last failure is known",
    status: { ...failed({ kind: "attempts_exhausted" }), last: overloaded },
    shows: { link: "https://status.claude.com" },
  },
  {
    name: "the wait that the server asked for is shown",
    status: failed({ ...tooLong, retryAfterMs: 3_600_000 }),
    shows: {
      asked: "The server asks to wait 1 h.",
      say: "Rate limited. OpenAI asks for a longer wait than is allowed here. The server asks to wait 1 h.",
    },
  },
  {
    name: "the wait is shown where only the last failure has it",
    status: { ...failed(tooLong), last: { ...overloaded, retryAfterMs: 5_400_000 } },
    shows: { asked: "The server asks to wait 1 h 30 min." },
  },
  {
    name: "the wait is not shown twice",
    status: failed({ ...tooLong, message: "OpenAI asks to wait 1 h, longer than allowed.", retryAfterMs: 3_600_000 }),
    shows: { asked: "" },
  },
  {
    name: "a wait of 0 is not shown",
    status: failed({ ...tooLong, retryAfterMs: 0 }),
    shows: { asked: "" },
  },
  {
    name: "a failure after a part of the answer is an interruption",
    status: failed(),
    context: { received: true },
    shows: { title: "Interrupted: Service overloaded", actions: ["retry"] },
  },
  {
    name: "a blocked answer is no interruption, though it had begun",
    status: {
      state: "finished",
      attempt: 1,
      failures: 0,
      verdict: { retryable: false, kind: "content_policy", title: "Response blocked" },
    },
    context: { received: true },
    shows: { tone: "failed", title: "Response blocked", actions: ["retry"] },
  },
  {
    name: "a stopped request can be made again",
    status: { state: "stopped", attempt: 1, failures: 1 },
    shows: { tone: "stopped", title: "Stopped", message: "", say: "Stopped", actions: ["retry"] },
  },
  {
    name: "what was received before a stop stays",
    status: { state: "stopped", attempt: 1, failures: 1 },
    context: { received: true },
    shows: { message: "What was received so far stays." },
  },
  {
    name: "texts can be replaced, by kind too",
    status: waiting(),
    context: {
      texts: {
        failures: { overloaded: { title: "Überlastet", message: "{who} ist überlastet." } },
        who: { ...texts.who, provider: "Der Anbieter" },
        sayRetryingIn: (s) => `Neuer Versuch in ${s} Sekunden`,
        attempt: (n) => `${n}. Versuch`,
      },
    },
    shows: {
      title: "Überlastet",
      message: "Der Anbieter ist überlastet.",
      say: "Überlastet. Neuer Versuch in 4 Sekunden, 2. Versuch.",
    },
  },
  {
    name: "a relaying server's wait cannot be ended from the page",
    status: waiting({ waitingFor: "server" }),
    shows: { title: "Service overloaded", until: now + 4000, attempt: 2, actions: ["stop"] },
  },
  {
    name: "a message is replaced by a plain string, and the failure's detail stays",
    status: failed(),
    context: { texts: { failures: { overloaded: { message: "過負荷です。" } } } },
    shows: {
      title: "Service overloaded",
      message: "過負荷です。",
      detail: "Overloaded",
      say: "Service overloaded. 過負荷です。",
    },
  },
];
for (const { name, status, context, shows } of cases) {
  test(`view: ${name}`, () => {
    const seen = view(status, context);
    if (!shows) {
      assert.equal(seen, undefined);
      return;
    }
    assert.ok(seen);
    const among = Object.fromEntries(Object.keys(shows).map((key) => [key, seen[key as keyof View]]));
    assert.deepEqual(among, shows);
    assert.doesNotMatch(JSON.stringify(seen), /NaN|Invalid|undefined|null/);
  });
}

test("a wait over ninety seconds is announced as a time of day", () => {
  const { say } = view(waiting({}, { delayMs: 91_000, retryingAt: later(91_000) }))!;
  assert.match(say, /^Service overloaded\. Retrying at \d{1,2}:\d\d.*, attempt 2\.$/);
});

const countdowns: { name: string; left: number; words: string }[] = [
  { name: "rounds up to whole seconds", left: 3001, words: "Retrying in 4 s" },
  { name: "shows the last second until it is over", left: 1, words: "Retrying in 1 s" },
  { name: "counts to ninety", left: 90_000, words: "Retrying in 90 s" },
  { name: "is hidden when the time has come", left: 0, words: "" },
  { name: "is hidden when the time has passed", left: -5, words: "" },
  { name: "is hidden without a valid date", left: Number.NaN, words: "" },
];
for (const { name, left, words } of countdowns) {
  test(`the countdown ${name}`, () => assert.equal(countdown(now + left, now), words));
}

test("the countdown is hidden without any date", () => assert.equal(countdown(undefined, now), ""));

test("the countdown shows the time of day beyond ninety seconds, and the day beyond one", () => {
  assert.match(countdown(now + 90_001, now), /^Retrying at \d{1,2}:\d\d/);
  assert.match(countdown(now + 3 * 86_400_000, now), /26/);
});

const durations: { ms: number; words: string }[] = [
  { ms: 1, words: "1 s" },
  { ms: 59_000, words: "59 s" },
  { ms: 90_000, words: "1 min 30 s" },
  { ms: 3_600_000, words: "1 h" },
  { ms: 5_400_000, words: "1 h 30 min" },
  { ms: 3_605_000, words: "1 h" },
  { ms: 90_061_000, words: "1 d 1 h" },
  { ms: 561_600_000, words: "6 d 12 h" },
];
for (const { ms, words } of durations) {
  test(`${ms} ms are ${words}`, () => assert.equal(texts.duration(ms), words));
}

test("an application's own texts are filled in like the engine's, for every kind, rule and party", () => {
  const failures = JSON.parse(readFileSync("../testdata/texts.json", "utf8"));
  const seen = new Set<string>();
  for (const failure of [
    { status: 429, url: "https://api.anthropic.com/v1/messages" },
    { status: 529, url: "https://gateway.example/v1/chat/completions" },
    { status: 500, url: "https://app.example/api/chat" },
    { status: 401, url: "https://app.example/api/chat" },
    { status: 407, body: "Proxy Authentication Required" },
    { status: 401, body: '{"error":{"message":"Missing API key"}}', url: "https://api.openai.com/v1/responses" },
    { status: 404, body: '{"error":{"code":"model_not_found"}}', url: "https://api.mistral.ai/v1/chat/completions" },
  ]) {
    const verdict = classify(failure);
    const { title, message } = view({ state: "failed", attempt: 1, failures: 1, verdict }, { texts: { failures } })!;
    assert.deepEqual([title, message], [verdict.title, verdict.message]);
    seen.add(message.split(" ").slice(0, 2).join(" "));
  }
  assert.deepEqual([...seen].sort(), [
    "A proxy",
    "Anthropic is",
    "Mistral does",
    "OpenAI received",
    "The AI",
    "The server",
  ]);
  const { message } = view(failed({ ...tooLong, provider: "openai", retryAfterMs: 3_600_000 }), {
    texts: { failures },
  })!;
  assert.equal(message, "OpenAI asks to wait 1 h, which is more than is allowed here.");
});

test("a rule's own texts win over those of its kind", () => {
  const failures = { auth: { title: "Anmeldung" }, missing_key: { message: "{who} bekam keinen Schlüssel." } };
  const { title, message } = view(failed({ kind: "auth", rule: "missing_key", provider: "groq" }), {
    texts: { failures },
  })!;
  assert.deepEqual([title, message], ["Anmeldung", "Groq bekam keinen Schlüssel."]);
});
