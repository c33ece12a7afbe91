import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Window } from "happy-dom";
import { type Controller, createController, createFetch, type Snapshot } from "../src/index.js";
import { anthropicErrorResponse, faultyFetch, openaiServerErrorResponse } from "../src/testing/index.js";
import type { RetryStatusElement } from "../src/ui/element.js";
import { answer, clock, post, settle, url, watch } from "./fakes.js";

const window = new Window();
/** Whether the person wants less motion. */
let calm = false;
Object.assign(globalThis, {
  document: window.document,
  HTMLElement: window.HTMLElement,
  customElements: window.customElements,
  CSSStyleSheet: window.CSSStyleSheet,
  CustomEvent: window.CustomEvent,
  getComputedStyle: window.getComputedStyle.bind(window),
  matchMedia: () => ({ matches: calm }),
});
await import("../src/ui/element.js");
after(() => window.close());

/** The bar's animations. happy-dom's own run on real timers, for minutes. */
const animations: { from: unknown; timing: KeyframeAnimationOptions }[] = [];
window.HTMLElement.prototype.animate = ((frames: Keyframe[], timing: KeyframeAnimationOptions) => {
  animations.push({ from: frames[0]!.transform, timing });
  return { finished: Promise.resolve(), cancel() {} };
}) as unknown as typeof window.HTMLElement.prototype.animate;
window.HTMLElement.prototype.getAnimations = () => [];

const now = 1_795_000_000_000;

/** A controller whose status the test sets. */
function puppet() {
  const listeners = new Set<(status: Snapshot) => void>();
  const told: string[] = [];
  const controller: Controller & { set(status: Partial<Snapshot>): void } = {
    status: { state: "idle", attempt: 0, failures: 0 },
    manual: false,
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

test("nothing is shown without a controller, or while nothing fails", () => {
  const { controller } = puppet();
  const { element, part } = mount();
  assert.equal(part("card").hidden, true);
  element.controller = controller;
  for (const state of ["opening", "streaming", "finished"] as const) {
    controller.set({ state, failures: 0 });
    assert.equal(part("card").hidden, true, state);
  }
});

test("a wait is counted down, and announced once", async (t) => {
  const pass = clock(t);
  const { controller, told } = puppet();
  const { part, text, said, buttons } = mount(controller);
  controller.set(waiting(3500));
  assert.equal(text("title"), "Service overloaded");
  assert.equal(text("message"), "Anthropic is temporarily overloaded.");
  assert.equal(text("attempt"), "attempt 3");
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
  assert.deepEqual([...spoken], ["Service overloaded. Retrying in 4 seconds, attempt 3."]);
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

test("the next attempt is shown, and also that it is slow", () => {
  const { controller } = puppet();
  const { text, said, buttons } = mount(controller);
  controller.set({ state: "opening", attempt: 3, failures: 2 });
  assert.equal(text("title"), "Retrying… (attempt 3)");
  assert.deepEqual(buttons(), ["stop"]);
  assert.equal(said(), "");
  controller.set({ state: "opening", attempt: 1, failures: 0, slow: true });
  assert.equal(text("title"), "The response is taking longer than usual");
  assert.equal(said(), "The response is taking longer than usual");
});

test("a failure shows its facts, the provider's status page, and a button that notifies the page", () => {
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
  controller.set({ state: "failed", verdict: { ...verdict, kind: "attempts_exhausted" }, last: verdict });
  assert.equal(part("link").hidden, false);
});

test("a stopped request is shown as stopped, and can be made again", () => {
  const { controller } = puppet();
  const { element, text, buttons } = mount(controller);
  element.received = true;
  controller.set({ state: "stopped" });
  assert.equal(text("title"), "Stopped");
  assert.equal(text("message"), "What was received so far stays.");
  assert.deepEqual(buttons(), ["retry"]);
});

test("a bar runs down with the rest of the wait", (t) => {
  clock(t);
  animations.length = 0;
  const { controller } = puppet();
  const { part } = mount(controller);
  controller.set(waiting(6000, { delayMs: 8000 }));
  assert.equal(part("progress").hidden, false);
  assert.deepEqual(animations, [
    { from: "scaleX(0.75)", timing: { duration: 6000, fill: "forwards", easing: "linear" } },
  ]);
  controller.set({ state: "opening", attempt: 3, failures: 2 });
  assert.equal(part("progress").hidden, true);
  calm = true;
  controller.set(waiting(6000));
  assert.equal(animations.at(-1)?.timing.easing, "steps(6)", "with reduced motion it moves in steps");
  calm = false;
  for (const none of [{ retryingAt: "soon" }, { delayMs: 0 }, { retryingAt: new Date(now - 1).toISOString() }]) {
    controller.set(waiting(6000, none));
    assert.equal(part("progress").hidden, true);
  }
});

test("how long the server asked to wait is on the card", () => {
  const { controller } = puppet();
  const { text } = mount(controller);
  const verdict = {
    retryable: false,
    kind: "retry_after_too_long",
    title: "Rate limited",
    retryAfterMs: 3_600_000,
  } as const;
  controller.set({ state: "failed", verdict });
  assert.equal(text("asked"), "The server asks to wait 1 h.");
});

test("every word can be replaced, also while it is shown", () => {
  const { controller } = puppet();
  const { element, part, text } = mount(controller);
  controller.set(waiting(60_000));
  element.texts = { retryNow: "Jetzt", stop: "Halt", retry: "Nochmal", label: "Anfrage", statusPage: "Zustand" };
  assert.deepEqual(
    ["retry-now", "stop", "retry", "link"].map((name) => part(name).textContent),
    ["Jetzt", "Halt", "Nochmal", "Zustand"],
  );
  assert.equal(part("card").getAttribute("aria-label"), "Anfrage");
  element.texts = { failures: { overloaded: { title: "Überlastet" } }, retryingIn: (s) => `Noch ${s} s` };
  controller.set(waiting(60_000));
  assert.deepEqual([text("title"), part("stop").textContent], ["Überlastet", "Stop"]);
  element.remove();
});

test("the card has slots for the page's own content", () => {
  const { part } = mount(puppet().controller);
  const slots = [...part("card").querySelectorAll("slot")].map((slot) => slot.getAttribute("name"));
  assert.deepEqual(slots, ["icon", null, "actions"]);
});

test("the attribute tone tells the page what is shown", () => {
  const { controller } = puppet();
  const { element } = mount(controller);
  const tones: (string | null)[] = [];
  for (const status of [waiting(1000), { state: "opening" }, { state: "streaming" }] as const) {
    controller.set({ attempt: 2, failures: 1, ...status });
    tones.push(element.getAttribute("tone"));
  }
  assert.deepEqual(tones, ["waiting", "opening", null]);
});

test("the countdown continues when the element comes back to the page", async (t) => {
  const pass = clock(t);
  const { controller } = puppet();
  const { element, text } = mount(controller);
  controller.set(waiting(60_000));
  element.remove();
  await pass(5000);
  document.body.append(element);
  assert.equal(text("countdown"), "Retrying in 55 s");
  await pass(1000);
  assert.equal(text("countdown"), "Retrying in 54 s");
  element.remove();
});

test("a fast queue is repainted at most ten times a second, and not announced again", async (t) => {
  const pass = clock(t);
  const { controller } = puppet();
  const { part, text, said } = mount(controller);
  const held = (before: number) => controller.set({ ...waiting(60_000, { before }), waitingFor: "cooldown" });
  held(1000);
  const titles = new Set([text("title")]);
  for (let before = 999; before > 500; before--) {
    held(before);
    await pass(1);
    titles.add(text("title"));
  }
  assert.ok(titles.size <= 6, `${titles.size} times in 0.5 s`);
  await pass(100);
  assert.equal(text("title"), "Waiting for the rate limit, 501 before you");
  assert.equal(said(), "Waiting for the rate limit");
  controller.set({ state: "streaming" });
  assert.equal(part("card").hidden, true, "the first output clears it at once");
});

test("properties that were set before the element was defined take effect", () => {
  const { controller } = puppet();
  controller.set({ state: "stopped" });
  const element = document.createElement("retry-status") as RetryStatusElement;
  // As on an element that is upgraded later.
  for (const [name, value] of Object.entries({ controller, received: true, texts: { stopped: "Halt" } })) {
    Object.defineProperty(element, name, { value, writable: true, configurable: true, enumerable: true });
  }
  document.body.append(element);
  const part = (name: string) => element.shadowRoot!.querySelector(`[part~="${name}"]`)!.textContent;
  assert.deepEqual([part("title"), part("message")], ["Halt", "What was received so far stays."]);
});

test("the focus stays when the focused button disappears, and when the whole card does", () => {
  const { controller } = puppet();
  const { element, part } = mount(controller);
  controller.set(waiting(60_000));
  part("retry-now").focus();
  assert.equal(element.shadowRoot!.activeElement, part("retry-now"));
  controller.set({ state: "opening", attempt: 3, failures: 2 });
  assert.equal(element.shadowRoot!.activeElement, part("card"));
  controller.set({ state: "streaming" });
  assert.equal(document.activeElement, element);
  element.remove();
});

test("out of the page it has no listeners", (t) => {
  clock(t);
  const { controller, listeners } = puppet();
  const { element, text } = mount(controller);
  controller.set(waiting(60_000));
  assert.equal(listeners.size, 1);
  element.remove();
  assert.equal(listeners.size, 0);
  controller.set({ state: "stopped" });
  document.body.append(element);
  assert.equal(text("title"), "Stopped", "it shows the current status when it comes back");
  const other = puppet();
  element.controller = other.controller;
  assert.deepEqual([listeners.size, other.listeners.size], [0, 1]);
  element.remove();
});

test("a real request shows its states", async (t) => {
  const pass = clock(t);
  const controller = createController();
  const { text, part } = mount(controller);
  let opened: (response: Response) => void = () => {};
  const answers = faultyFetch([
    openaiServerErrorResponse(),
    { chunks: answer },
    anthropicErrorResponse(401, "authentication_error", "invalid x-api-key"),
  ]);
  /** Answers the second request only when the test calls it. */
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await answers(input, init);
    return answers.requests.length === 2 ? new Promise((resolve) => (opened = () => resolve(response))) : response;
  };
  const go = createFetch({ fetch, controller });
  const seen = watch(go(url, post()).then((response) => response.text()));
  await settle();
  assert.deepEqual([text("countdown"), text("attempt")], ["Retrying in 1 s", "attempt 2"]);
  await pass(1000);
  assert.equal(text("title"), "Retrying… (attempt 2)");
  opened(new Response());
  await settle();
  assert.equal(seen.value, answer.join(""));
  assert.equal(part("card").hidden, true);
  await go(url, post());
  assert.equal(text("title"), "Authentication failed");
});

test("a real request shows that another request's limit holds it", async (t) => {
  const pass = clock(t);
  const limited = () => new Response("{}", { status: 429, headers: { "retry-after": "8" } });
  const fetch = faultyFetch([limited(), { chunks: answer }, { chunks: answer }]);
  const controller = createController();
  const { text, buttons, part } = mount(controller);
  const first = watch(createFetch({ fetch })(url, post()).then((response) => response.text()));
  await settle();
  const second = watch(createFetch({ fetch, controller })(url, post()).then((response) => response.text()));
  await settle();
  assert.match(text("title")!, /^Waiting for the rate limit(, \d before you)?$/);
  assert.deepEqual([text("countdown"), text("attempt"), ...buttons()], ["Retrying in 8 s", "", "stop"]);
  for (let i = 0; i < 20; i++) {
    await pass(1000);
  }
  assert.deepEqual([first.value, second.value], [answer.join(""), answer.join("")]);
  assert.equal(part("card").hidden, true);
});

test("a real request shows that its server asked to wait an hour", async () => {
  const controller = createController();
  const { part, text } = mount(controller);
  const hour = new Response("{}", { status: 429, headers: { "retry-after": "3600" } });
  await createFetch({ fetch: faultyFetch([hour]), controller, bucket: "of its own" })(url, post());
  assert.match(part("card").textContent!, /asks to wait 1 h\b/);
  assert.deepEqual([text("title"), text("status")], ["Rate limited", "HTTP 429"]);
});
