import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countdown, view } from "steadfetch/element";

const now = Date.parse("2026-11-23T12:00:00Z");
const retry = (more) => ({
  attempt: 2,
  delayMs: 4000,
  error: "Anthropic is temporarily overloaded.",
  retryingAt: new Date(now + 4000).toISOString(),
  kind: "overloaded",
  title: "Service overloaded",
  ...more,
});
const waiting = (more) => ({ state: "waiting", attempt: 2, failures: 2, retry: retry(), ...more });

describe("the countdown", () => {
  const cases = [
    ["rounds up to whole seconds", 3001, "Retrying in 4 s"],
    ["shows the last second until it is over", 1, "Retrying in 1 s"],
    ["counts to ninety", 90_000, "Retrying in 90 s"],
    ["is hidden when the time has come", 0, ""],
    ["is hidden when the time has passed", -5, ""],
    ["is hidden without a valid date", Number.NaN, ""],
    ["is hidden without any date", undefined, ""],
  ];
  for (const [name, left, words] of cases) {
    it(name, () => assert.equal(countdown(now + left, now), words));
  }

  it("shows the time of day beyond ninety seconds", () => {
    assert.match(countdown(now + 90_001, now), /^Retrying at \d{1,2}:\d\d/);
  });
});

describe("the banner", () => {
  it("says what a wait is for, with both ways out", () => {
    assert.deepEqual(view(waiting()), {
      tone: "waiting",
      title: "Service overloaded",
      message: "Anthropic is temporarily overloaded.",
      attempt: 2,
      until: now + 4000,
      say: "Service overloaded. Retrying in 4 seconds, attempt 2.",
      actions: ["retryNow", "stop"],
    });
  });

  it("has no countdown if the date is not valid", () => {
    const { until, say } = view(waiting({ retry: retry({ retryingAt: "soon" }) }));
    assert.equal(until, undefined);
    assert.doesNotMatch(say, /NaN|Invalid/);
  });

  it("says that it waits for a connection", () => {
    const shown = view(waiting({ waitingFor: "connection" }));
    assert.equal(shown.title, "Waiting for connection");
    assert.equal(shown.until, undefined);
    assert.deepEqual(shown.actions, ["retryNow", "stop"]);
  });

  it("says that it tries again, and how often it has", () => {
    const shown = view({ state: "opening", attempt: 3, failures: 2, retry: retry() });
    assert.equal(shown.title, "Retrying… (attempt 2)");
    assert.deepEqual(shown.actions, ["stop"]);
    assert.equal(shown.say, "");
  });

  it("counts no attempts after Retry now, which begins anew", () => {
    assert.equal(view({ state: "opening", attempt: 3, failures: 0 }).title, "Retrying…");
  });

  it("says that a response takes longer than usual", () => {
    const words = "The response is taking longer than usual";
    assert.equal(view({ state: "opening", attempt: 1, failures: 0, slow: true }).title, words);
    const again = view({ state: "opening", attempt: 2, failures: 1, slow: true });
    assert.equal(again.title, "Retrying… (attempt 1)");
    assert.equal(again.message, words);
    assert.equal(again.say, words);
  });

  const verdict = {
    kind: "overloaded",
    title: "Service overloaded",
    message: "Anthropic is temporarily overloaded.",
    detail: "Overloaded",
    status: 529,
    provider: "anthropic",
  };

  it("says all about a failure, with the provider's status page for an overload", () => {
    const shown = view({ state: "failed", attempt: 1, failures: 1, verdict });
    assert.equal(shown.title, verdict.title);
    assert.equal(shown.message, verdict.message);
    assert.equal(shown.detail, verdict.detail);
    assert.equal(shown.status, 529);
    assert.match(shown.link, /^https:\/\/status\./);
    assert.deepEqual(shown.actions, ["retry"]);
  });

  it("knows the overload behind attempts that are used up", () => {
    const status = { state: "failed", attempt: 3, failures: 3, verdict: { ...verdict, kind: "attempts_exhausted" } };
    assert.equal(view(status).link, undefined);
    assert.match(view(status, { last: verdict }).link, /^https:/);
  });

  it("names no status page for other failures or unknown providers", () => {
    const link = (more) => view({ state: "failed", attempt: 1, failures: 1, verdict: { ...verdict, ...more } }).link;
    assert.equal(link({ kind: "rate_limit" }), undefined);
    assert.equal(link({ provider: "someone" }), undefined);
    assert.equal(link({ provider: "" }), undefined);
  });

  it("says that an answer was interrupted", () => {
    const shown = view({ state: "failed", attempt: 1, failures: 1, verdict }, { received: true });
    assert.equal(shown.title, "Interrupted: Service overloaded");
  });

  it("says that a response was blocked, though it had begun", () => {
    const blocked = { kind: "content_policy", title: "Response blocked", message: "…" };
    const shown = view({ state: "finished", attempt: 1, failures: 0, verdict: blocked }, { received: true });
    assert.equal(shown.title, "Response blocked");
  });

  it("says that it was stopped", () => {
    const shown = view({ state: "stopped", attempt: 1, failures: 1 }, { received: true });
    assert.equal(shown.title, "Stopped");
    assert.deepEqual(shown.actions, ["retry"]);
  });

  for (const state of ["idle", "streaming", "finished"]) {
    it(`is not there when a request is ${state}`, () => {
      assert.equal(view({ state, attempt: 1, failures: 0 }), undefined);
    });
  }

  it("is not there when a first request opens", () => {
    assert.equal(view({ state: "opening", attempt: 1, failures: 0 }), undefined);
  });
});
