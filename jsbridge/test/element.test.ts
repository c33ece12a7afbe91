import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Window } from "happy-dom";
import { type Controller, createController, createFetch, type Snapshot } from "../src/index.js";
import { anthropicErrorResponse, faultyFetch, openaiServerErrorResponse } from "../src/testing/index.js";
import type { RetryStatusElement } from "../src/ui/element.js";
import { answer, clock, post, settle, url, watch } from "./fakes.js";

const window = new Window();
Object.assign(globalThis, {
  document: window.document,
  HTMLElement: window.HTMLElement,
  customElements: window.customElements,
  CSSStyleSheet: window.CSSStyleSheet,
  CustomEvent: window.CustomEvent,
});
await import("../src/ui/element.js");
after(() => window.close());

const now = 1_795_000_000_000;

/** A controller whose status the test sets. */
function puppet() {
  const listeners = new Set<(status: Snapshot) => void>();
  const told: string[] = [];
  const controller: Controller & { set(status: Partial<Snapshot>): void } = {
    status: { state: "idle", attempt: 0, failures: 0 },
    retryNow: () => told.push("retryNow"),
    stop: () => told.push("stop"),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(status) {
      Object.assign(this, { status: { attempt: 1, failures: 1, ...status } });
      for (const listener of listeners) {
        listener(this.status);
      }
    },
  };
  return { controller, listeners, told };
}

/** A `<retry-status>` in the page, and what a person sees of it. */
function mount(controller?: Controller) {
  const element = document.createElement("retry-status") as RetryStatusElement;
  element.controller = controller;
  document.body.append(element);
  const part = (name: string) => element.shadowRoot!.querySelector<HTMLElement>(`[part~="${name}"]`)!;
  const visible = (name: string) => !part("card").hidden && !part(name).hidden;
  return {
    element,
    part,
    text: (name: string) => (visible(name) ? part(name).textContent : ""),
    said: () => part("live").textContent,
    buttons: () => ["retry-now", "stop", "retry"].filter(visible),
  };
}

const waiting = (ms: number, more: object = {}): Partial<Snapshot> => ({
  state: "waiting",
  attempt: 2,
  failures: 2,
  retry: {
    attempt: 2,
    delayMs: ms,
    error: "Anthropic is temporarily overloaded.",
    retryingAt: new Date(now + ms).toISOString(),
    kind: "overloaded",
    title: "Service overloaded",
    ...more,
  },
});

test("nothing is shown without a controller, and while all goes well", () => {
  const { controller } = puppet();
  const { element, part } = mount();
  assert.equal(part("card").hidden, true);
  element.controller = controller;
  for (const state of ["opening", "streaming", "finished"] as const) {
    controller.set({ state, failures: 0 });
    assert.equal(part("card").hidden, true, state);
  }
});

test("a wait is counted down, and said once", async (t) => {
  const pass = clock(t);
  const { controller, told } = puppet();
  const { part, text, said, buttons } = mount(controller);
  controller.set(waiting(3500));
  assert.equal(text("title"), "Service overloaded");
  assert.equal(text("message"), "Anthropic is temporarily overloaded.");
  assert.equal(text("attempt"), "attempt 2");
  assert.deepEqual(buttons(), ["retry-now", "stop"]);
  assert.equal(part("live").getAttribute("role"), "status");
  const words: (string | null)[] = [text("countdown")];
  const spoken = new Set([said()]);
  for (let ms = 0; ms < 3500; ms += 500) {
    await pass(500);
    words.push(text("countdown"));
    spoken.add(said());
  }
  const s = (n: number) => `Retrying in ${n} s`;
  assert.deepEqual(words, [s(4), s(3), s(3), s(2), s(2), s(1), s(1), ""]);
  assert.deepEqual([...spoken], ["Service overloaded. Retrying in 4 seconds, attempt 2."]);
  part("retry-now").click();
  part("stop").click();
  assert.deepEqual(told, ["retryNow", "stop"]);
});

const countdowns: [string, Partial<Snapshot>, RegExp][] = [
  ["a date that is none", waiting(1000, { retryingAt: "soon" }), /^$/],
  ["a time that has passed", waiting(-1000), /^$/],
  ["now", waiting(0), /^$/],
  ["ninety seconds", waiting(90_000), /^Retrying in 90 s$/],
  ["more than ninety seconds", waiting(90_001), /^Retrying at \d{1,2}:\d\d/],
  ["no connection", { ...waiting(1000), waitingFor: "connection" }, /^$/],
];
for (const [name, status, words] of countdowns) {
  test(`the countdown for ${name}`, (t) => {
    clock(t);
    const { controller } = puppet();
    const { text, said } = mount(controller);
    controller.set(status);
    assert.match(text("countdown")!, words);
    assert.doesNotMatch(`${text("title")} ${said()}`, /NaN|Invalid|undefined/);
  });
}

test("the next attempt says so, also when it takes its time", () => {
  const { controller } = puppet();
  const { text, said, buttons } = mount(controller);
  controller.set({ state: "opening", attempt: 3, failures: 2 });
  assert.equal(text("title"), "Retrying… (attempt 2)");
  assert.deepEqual(buttons(), ["stop"]);
  assert.equal(said(), "");
  controller.set({ state: "opening", attempt: 1, failures: 0, slow: true });
  assert.equal(text("title"), "The response is taking longer than usual");
  assert.equal(said(), "The response is taking longer than usual");
});

test("a failure has its facts, the provider's page, and a button that tells the page", () => {
  const { controller } = puppet();
  const { element, part, text, buttons } = mount(controller);
  const verdict = {
    retryable: true,
    kind: "overloaded",
    provider: "anthropic",
    status: 529,
    title: "Service overloaded",
    message: "Anthropic is temporarily overloaded.",
    detail: "Overloaded",
  } as const;
  controller.set({ state: "failed", verdict });
  assert.deepEqual(["title", "message", "detail", "status"].map(text), [
    "Service overloaded",
    "Anthropic is temporarily overloaded.",
    "Overloaded",
    "HTTP 529",
  ]);
  assert.equal(part("link").getAttribute("href"), "https://status.claude.com");
  assert.deepEqual(buttons(), ["retry"]);
  let retries = 0;
  document.body.addEventListener("retry", () => retries++, { once: true });
  part("retry").click();
  assert.equal(retries, 1);
  element.received = true;
  assert.equal(text("title"), "Interrupted: Service overloaded");
  controller.set({ state: "failed", verdict: { ...verdict, kind: "attempts_exhausted" } });
  assert.equal(part("link").hidden, true);
  element.last = verdict;
  assert.equal(part("link").hidden, false);
});

test("what was stopped says so, and can be asked again", () => {
  const { controller } = puppet();
  const { element, text, buttons } = mount(controller);
  element.received = true;
  controller.set({ state: "stopped" });
  assert.equal(text("title"), "Stopped");
  assert.equal(text("message"), "What was received so far stays.");
  assert.deepEqual(buttons(), ["retry"]);
});

test("the focus stays when the button that had it goes", () => {
  const { controller } = puppet();
  const { element, part } = mount(controller);
  controller.set(waiting(60_000));
  part("retry-now").focus();
  assert.equal(element.shadowRoot!.activeElement, part("retry-now"));
  controller.set({ state: "opening", attempt: 3, failures: 2 });
  assert.equal(element.shadowRoot!.activeElement, part("card"));
  part("card").blur();
});

test("out of the page it listens to nothing", (t) => {
  clock(t);
  const { controller, listeners } = puppet();
  const { element, text } = mount(controller);
  controller.set(waiting(60_000));
  assert.equal(listeners.size, 1);
  element.remove();
  assert.equal(listeners.size, 0);
  controller.set({ state: "stopped" });
  document.body.append(element);
  assert.equal(text("title"), "Stopped", "and shows what is when it comes back");
  const other = puppet();
  element.controller = other.controller;
  assert.deepEqual([listeners.size, other.listeners.size], [0, 1]);
  element.remove();
});

test("a real request shows its way", async (t) => {
  const pass = clock(t);
  const controller = createController();
  const { text, part } = mount(controller);
  const fetch = faultyFetch([
    openaiServerErrorResponse(),
    { chunks: answer },
    anthropicErrorResponse(401, "authentication_error", "invalid x-api-key"),
  ]);
  const go = createFetch({ fetch, controller });
  const seen = watch(go(url, post()).then((response) => response.text()));
  await settle();
  assert.equal(text("countdown"), "Retrying in 1 s");
  await pass(1000);
  assert.equal(seen.value, answer.join(""));
  assert.equal(part("card").hidden, true);
  await go(url, post());
  assert.equal(text("title"), "Authentication failed");
});
