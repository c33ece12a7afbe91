// Runs with React 19, and again with React 18: run.mjs puts a bundle where Node.js finds that one.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Window } from "happy-dom";
import {
  act,
  createElement,
  type ReactNode,
  StrictMode,
  startTransition,
  useEffect,
  useLayoutEffect,
  useRef,
  version,
} from "react";
import type { Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { type Controller, createController, RetryError, type Snapshot, type StreamOptions } from "../src/index.js";
import {
  anthropicErrorResponse,
  type FaultyStep,
  faultyFetch,
  openaiServerErrorResponse,
} from "../src/testing/index.js";
import type { RetryStatusElement } from "../src/ui/element.js";
import { type ChatStream, RetryStatus, useChatStream, useRetryStatus } from "../src/ui/react.js";
import type { Texts } from "../src/ui/texts.js";
import { answer, clock, post, role, settle, stop, token, url } from "./fakes.js";

const window = new Window();
Object.assign(globalThis, {
  window,
  document: window.document,
  HTMLElement: window.HTMLElement,
  customElements: window.customElements,
  CSSStyleSheet: window.CSSStyleSheet,
  CustomEvent: window.CustomEvent,
  getComputedStyle: window.getComputedStyle.bind(window),
  IS_REACT_ACT_ENVIRONMENT: true,
});
// Node.js before 21 has no navigator, and a complete one would make it a browser.
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "" }, configurable: true });
window.HTMLElement.prototype.animate = undefined as unknown as typeof window.HTMLElement.prototype.animate;
const { createRoot, hydrateRoot } = await import("react-dom/client");

let root: Root | undefined;
afterEach(async () => {
  await act(async () => root?.unmount());
});

interface Seen {
  chat: ChatStream;
  states: string[];
  renders: number;
}

interface ChatProps {
  options: StreamOptions;
  seen: Seen;
  children?: ReactNode;
}

function Chat({ options, seen, children }: ChatProps) {
  const chat = useChatStream(options);
  seen.chat = chat;
  seen.renders++;
  if (seen.states.at(-1) !== chat.status.state) {
    seen.states.push(chat.status.state);
  }
  return createElement("p", null, chat.text, children);
}

/** A part of the page that reads the status by itself, and notes a difference from the rest. */
function Reader({ seen, torn }: { seen: Seen; torn: string[] }) {
  const { status, text } = seen.chat;
  const state = useRetryStatus(seen.chat.controller).state;
  if (state !== status.state) {
    torn.push(`${state} beside ${status.state} of "${text}"`);
  }
  return createElement("i", null, state);
}

interface PageProps {
  options: StreamOptions;
  seen: Seen;
  texts: Partial<Texts>;
}

function Page({ options, seen, texts }: PageProps) {
  const chat = useChatStream(options);
  seen.chat = chat;
  return createElement(RetryStatus, { chat, className: "banner", texts, title: "x" }, createElement("i"));
}

function Banner({ controller }: { controller: Controller }) {
  return createElement("b", null, useRetryStatus(controller).state);
}

interface Mounting {
  options?: StreamOptions;
  /** The chat's values. */
  child?: (seen: Seen) => ReactNode;
}

/** A component that uses the hook, and what the hook returned. */
async function mount(steps: FaultyStep[], { options, child }: Mounting = {}) {
  const fetch = faultyFetch(steps);
  const seen: Seen = { chat: undefined as unknown as ChatStream, states: [], renders: 0 };
  const place = document.createElement("div");
  document.body.append(place);
  root = createRoot(place);
  const chat = createElement(Chat, { options: { fetch, ...options }, seen }, child?.(seen));
  await act(async () => root!.render(createElement(StrictMode, null, chat)));
  return { fetch, seen, place, chat };
}

/** Runs everything that is due now, and lets React render it. */
const settled = () => act(() => settle());

test("the React under test has the intended version", () => {
  assert.equal(version.split(".")[0], import.meta.url.includes("react18") ? "18" : "19");
});

test("the status of a controller is rendered, on a server too", async () => {
  const controller = createController();
  assert.equal(renderToString(createElement(Banner, { controller })), "<b>idle</b>");
});

test("a chat survives faults, and starts over where it must", async (t) => {
  const pass = clock(t);
  const { seen, place } = await mount([
    openaiServerErrorResponse(),
    { chunks: [role, token("Hel")], error: new TypeError("terminated") },
    { chunks: answer },
  ]);
  await act(() => seen.chat.start(url, post()));
  await settled();
  assert.equal(seen.chat.status.retry?.kind, "server");
  await act(() => pass(1000));
  await act(() => pass(16));
  assert.equal(place.textContent, "Hel");
  assert.equal(seen.chat.received, true);
  await act(() => pass(2000));
  await act(() => pass(16));
  assert.equal(place.textContent, "Hello world");
  assert.equal(seen.chat.messages.length, answer.length);
  assert.equal(seen.chat.error, undefined);
  assert.equal(seen.chat.finish?.reason, "stop");
  assert.equal(seen.states[0], "idle");
  assert.equal(seen.states.at(-1), "finished");
});

test("reasoning is kept apart from the text", async (t) => {
  const pass = clock(t);
  const thought = (reasoning_content: string) =>
    `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", choices: [{ index: 0, delta: { reasoning_content } }] })}\n\n`;
  const { seen } = await mount([
    { chunks: [role, thought("Let me "), thought("see."), token("Yes"), ...answer.slice(-2)] },
  ]);
  await act(() => seen.chat.start(url, post()));
  await act(() => pass(16));
  assert.deepEqual([seen.chat.reasoning, seen.chat.text], ["Let me see.", "Yes"]);
});

test("a permanent failure is shown, and the next start clears it", async () => {
  const { seen } = await mount([
    anthropicErrorResponse(401, "authentication_error", "invalid x-api-key"),
    { chunks: answer },
  ]);
  const { start } = seen.chat;
  await act(async () => {
    start(url, post());
    await settle();
  });
  assert.ok(seen.chat.error instanceof RetryError);
  assert.deepEqual([seen.chat.error.reason, seen.chat.received], ["auth", false]);
  await act(async () => {
    start(url, post());
    await settle();
  });
  assert.equal(seen.chat.error, undefined);
  assert.equal(seen.chat.messages.length, answer.length);
  assert.equal(seen.chat.start, start, "the functions stay the same");
});

test("a request that fetch refuses is an error of the same shape, and its text shows no key", async () => {
  const { seen, fetch } = await mount([], { options: { fetch: globalThis.fetch } });
  await act(() => seen.chat.start("https://me:secret@example.com/v1?key=sk-123", post()));
  await settled();
  assert.ok(seen.chat.error instanceof RetryError);
  assert.match(String(seen.chat.error.cause), /credentials/);
  assert.doesNotMatch(seen.chat.error.message, /sk-123|secret/);
  assert.equal(fetch.requests.length, 0);
});

test("start() throws for an invalid option, and the current request continues", async (t) => {
  const pass = clock(t);
  const { seen } = await mount([{ chunks: answer }], { child: (seen) => createElement(AsksOnce, { seen }) });
  const wrong = { maxAttemps: 3 } as StreamOptions;
  await act(async () => root!.render(createElement(Chat, { options: wrong, seen })));
  assert.throws(() => seen.chat.start(url, post()), /maxAttemps/);
  await act(() => pass(16));
});

test("stop keeps what was received, and is not an error", async (t) => {
  const pass = clock(t);
  const { seen } = await mount([{ chunks: [role, token("Hello")], stall: true }]);
  await act(() => seen.chat.start(url, post()));
  await settled();
  await act(async () => seen.chat.stop());
  await act(() => pass(16));
  assert.equal(seen.chat.status.state, "stopped");
  assert.deepEqual([seen.chat.text, seen.chat.received, seen.chat.error], ["Hello", true, undefined]);
});

test("retryNow ends the wait", async () => {
  const { seen, fetch } = await mount([openaiServerErrorResponse(), { chunks: answer }]);
  await act(() => seen.chat.start(url, post()));
  await settled();
  await act(async () => seen.chat.retryNow());
  await settled();
  assert.equal(fetch.requests.length, 2);
  assert.equal(seen.chat.messages.length, answer.length);
});

test("retry makes the last request again, a Request too, and drops the old answer", async (t) => {
  const pass = clock(t);
  for (const ask of [
    (chat: ChatStream) => chat.start(url, post()),
    (chat: ChatStream) => chat.start(new Request(url, post())),
  ]) {
    const { seen, fetch } = await mount(
      [{ chunks: [role, token("Half")], error: new TypeError("terminated") }, { chunks: answer }],
      { options: { afterCommit: "fail" } },
    );
    await act(() => ask(seen.chat));
    await act(() => pass(16));
    assert.deepEqual([seen.chat.text, seen.chat.error?.reason], ["Half", "network"]);
    await act(async () => seen.chat.retry());
    await act(() => pass(16));
    assert.deepEqual([seen.chat.text, seen.chat.error], ["Hello world", undefined]);
    const bodies = fetch.requests.map((request) => request.body ?? "");
    assert.equal(bodies.length, 2);
    assert.deepEqual(bodies[0], bodies[1]);
    await act(async () => root!.unmount());
  }
});

test("another start ends the current request, and so does unmounting", async () => {
  const { seen, fetch } = await mount([
    { chunks: [role, token("old")], stall: true },
    { chunks: answer },
    { stall: true },
  ]);
  for (let i = 0; i < 2; i++) {
    await act(() => seen.chat.start(url, post()));
    await settled();
  }
  await act(() => new Promise((resolve) => setTimeout(resolve, 40)));
  assert.equal(seen.chat.text, "Hello world");
  await act(() => seen.chat.start(url, post()));
  await settled();
  const { controller, start } = seen.chat;
  assert.equal(controller.status.state, "opening");
  await act(async () => root!.unmount());
  await settle();
  assert.notEqual(controller.status.state, "opening");
  start(url, post());
  await settle();
  assert.equal(fetch.requests.length, 3, "an unmounted component makes no request");
});

test("the signal of a Request ends its answer", async () => {
  const { seen, fetch } = await mount([{ chunks: [role, token("Hel")], stall: true }]);
  const abort = new AbortController();
  await act(() => seen.chat.start(new Request(url, post(abort.signal))));
  await settled();
  assert.equal(fetch.requests.length, 1);
  await act(async () => abort.abort());
  await settled();
  assert.equal(seen.chat.status.state, "stopped");
  assert.equal(seen.chat.error, undefined);
});

interface AskerProps {
  seen: Seen;
}

function AsksInEffect({ seen }: AskerProps) {
  useEffect(() => seen.chat.start(url, post()), [seen]);
  return null;
}

function AsksInLayoutEffect({ seen }: AskerProps) {
  useLayoutEffect(() => seen.chat.start(url, post()), [seen]);
  return null;
}

function AsksOnce({ seen }: AskerProps) {
  const asked = useRef(false);
  useEffect(() => {
    if (!asked.current) {
      asked.current = true;
      seen.chat.start(url, post());
    }
  }, [seen]);
  return null;
}

// Effects run from the children up, so a child's run before those of the component that uses the hook.
for (const Asker of [AsksInEffect, AsksInLayoutEffect]) {
  test(`a child component ${Asker.name} starts a request that the page shows`, async (t) => {
    const pass = clock(t);
    const step = { chunks: [role, token("Hi")], stall: true };
    const { seen } = await mount([step, step], { child: (seen) => createElement(Asker, { seen }) });
    await act(() => pass(16));
    assert.deepEqual([seen.chat.text, seen.chat.status.state], ["Hi", "streaming"]);
    await act(async () => seen.chat.stop());
    await settled();
    assert.equal(seen.chat.status.state, "stopped");
  });
}

test("a request that is made once survives StrictMode's second mount", async (t) => {
  const pass = clock(t);
  const { seen, fetch } = await mount([{ chunks: answer }], { child: (seen) => createElement(AsksOnce, { seen }) });
  await act(() => pass(16));
  assert.deepEqual([seen.chat.text, fetch.requests.length], ["Hello world", 1]);
});

test("start() uses the options of the latest render, and a stored status for the first request only", async (t) => {
  const pass = clock(t);
  const first = faultyFetch([]);
  const restore: Snapshot = {
    state: "waiting",
    attempt: 3,
    failures: 3,
    retry: { attempt: 3, delayMs: 4000, error: "Overloaded.", retryingAt: new Date(Date.now() + 4000).toISOString() },
  };
  const { seen } = await mount([], { options: { fetch: first, restore } });
  const second = faultyFetch([{ chunks: answer }, { chunks: answer }]);
  const render = createElement(StrictMode, null, createElement(Chat, { options: { fetch: second, restore }, seen }));
  await act(async () => root!.render(render));
  await act(() => seen.chat.start(url, post()));
  await settled();
  assert.equal(seen.chat.status.state, "waiting");
  await act(() => pass(4000));
  assert.deepEqual([seen.chat.status.state, second.requests.length], ["finished", 1]);
  await act(() => seen.chat.start(url, post()));
  await settled();
  assert.deepEqual([first.requests.length, second.requests.length], [0, 2]);
});

test("an answer that comes while a transition renders is not torn", async (t) => {
  const pass = clock(t);
  const torn: string[] = [];
  const { seen, chat } = await mount([{ chunks: answer }]);
  await act(() => seen.chat.start(url, post()));
  await act(async () => {
    startTransition(() => {
      const parts = Array.from({ length: 20 }, (_, key) => createElement(Reader, { key, seen, torn }));
      root!.render(createElement(StrictMode, null, createElement(Chat, chat.props as ChatProps, parts)));
    });
    await pass(16);
  });
  assert.deepEqual(torn, []);
  assert.equal(seen.chat.text, "Hello world");
});

test("a page from the server is hydrated without a warning, and then works", async (t) => {
  const pass = clock(t);
  const fetch = faultyFetch([{ chunks: answer }]);
  const seen: Seen = { chat: undefined as unknown as ChatStream, states: [], renders: 0 };
  const controller = createController();
  const page = () =>
    createElement(
      "main",
      null,
      createElement(Chat, { options: { fetch, controller }, seen }),
      createElement(RetryStatus, { controller, className: "banner" }),
    );
  const place = document.createElement("div");
  const html = renderToString(page());
  assert.equal(html, '<main><p></p><retry-status class="banner"></retry-status></main>');
  place.innerHTML = html;
  const complaints: unknown[] = [];
  t.mock.method(console, "error", (...words: unknown[]) => complaints.push(words));
  await act(async () => {
    root = hydrateRoot(place, page(), { onRecoverableError: (error) => complaints.push(error) });
  });
  await act(() => seen.chat.start(url, post()));
  await act(() => pass(16));
  assert.equal(place.querySelector("p")?.textContent, "Hello world");
  assert.deepEqual(complaints, []);
});

test("RetryStatus loads the element, and connects it to a chat", async (t) => {
  const pass = clock(t);
  const seen: Seen = { chat: undefined as unknown as ChatStream, states: [], renders: 0 };
  const fetch = faultyFetch([
    openaiServerErrorResponse(),
    { chunks: [role, token("Half")], error: new TypeError("terminated") },
    { chunks: answer },
  ]);
  const place = document.createElement("div");
  document.body.append(place);
  root = createRoot(place);
  const options = { fetch, afterCommit: "fail" } as const;
  await act(async () => root!.render(createElement(Page, { options, seen, texts: { stop: "Halt" } })));
  await settled();
  const element = place.querySelector<RetryStatusElement>("retry-status.banner")!;
  const part = (name: string) => element.shadowRoot!.querySelector<HTMLElement>(`[part~="${name}"]`)!;
  assert.equal(element.controller, seen.chat.controller);
  assert.equal(element.getAttribute("title"), "x");
  assert.ok(element.querySelector("i"), "children go into the slots");
  await act(() => seen.chat.start(url, post()));
  await settled();
  assert.deepEqual([part("countdown").textContent, part("stop").textContent], ["Retrying in 1 s", "Halt"]);
  await act(async () => part("retry-now").click());
  await act(() => pass(16));
  assert.match(part("title").textContent!, /^Interrupted: /);
  await act(async () => part("retry").click());
  await act(() => pass(16));
  assert.deepEqual([seen.chat.text, part("card").hidden], ["Hello world", true]);
});

if (Number.parseInt(version, 10) >= 19) {
  test("the element takes its properties and its event from JSX, where React can", async () => {
    await import("../src/ui/element.js");
    const controller = createController();
    let retries = 0;
    const place = document.createElement("div");
    document.body.append(place);
    root = createRoot(place);
    const props = { controller, received: true, texts: { stop: "Halt" }, onretry: () => retries++ };
    await act(async () => root!.render(createElement("retry-status", props)));
    const element = place.querySelector<RetryStatusElement>("retry-status")!;
    assert.deepEqual([element.controller, element.received, element.texts], [controller, true, { stop: "Halt" }]);
    element.shadowRoot!.querySelector<HTMLElement>('[part~="retry"]')!.click();
    assert.equal(retries, 1);
  });
}

test("8 000 tokens are rendered about once a frame, and the text is not joined anew each time", async (t) => {
  const pass = clock(t);
  const words = Array.from({ length: 8000 }, (_, i) => `w${i} `);
  // As a provider sends them: a few at a time.
  const chunks = [
    role,
    ...Array.from({ length: 800 }, (_, i) =>
      words
        .slice(i * 10, i * 10 + 10)
        .map(token)
        .join(""),
    ),
    stop,
    "data: [DONE]\n\n",
  ];
  const { seen } = await mount([{ chunks }]);
  const before = seen.renders;
  await act(() => seen.chat.start(url, post()));
  await act(() => pass(16));
  assert.equal(seen.chat.text, words.join(""));
  assert.equal(seen.chat.messages.length, 8003);
  // All arrive within one frame of the test's clock; StrictMode renders twice.
  assert.ok(seen.renders - before <= 20, `${seen.renders - before} renders`);
});
