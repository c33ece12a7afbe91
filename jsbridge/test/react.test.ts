import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Window } from "happy-dom";
import { act, createElement, StrictMode } from "react";
import type { Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { type Controller, createController } from "../src/index.js";
import {
  anthropicErrorResponse,
  type FaultyStep,
  faultyFetch,
  openaiServerErrorResponse,
} from "../src/testing/index.js";
import { type ChatStream, useChatStream, useRetryStatus } from "../src/ui/react.js";
import { answer, clock, post, role, settle, token, url } from "./fakes.js";

const window = new Window();
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
// Node.js before 21 has none, and a whole one would make it a browser.
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "" }, configurable: true });
const { createRoot } = await import("react-dom/client");

let root: Root | undefined;
afterEach(async () => {
  await act(() => root?.unmount());
});

interface Seen {
  chat: ChatStream;
  states: string[];
}

function Chat({ fetch, seen }: { fetch: typeof globalThis.fetch; seen: Seen }) {
  const chat = useChatStream({ fetch });
  seen.chat = chat;
  if (seen.states.at(-1) !== chat.status.state) {
    seen.states.push(chat.status.state);
  }
  return createElement("p", null, chat.messages.map((message) => message.data).join(""));
}

function Banner({ controller }: { controller: Controller }) {
  return createElement("b", null, useRetryStatus(controller).state);
}

/** A component that uses the hook, and what it has of it. */
async function mount(steps: FaultyStep[]) {
  const fetch = faultyFetch(steps);
  const seen: Seen = { chat: undefined as unknown as ChatStream, states: [] };
  const place = document.createElement("div");
  root = createRoot(place);
  await act(() => root!.render(createElement(StrictMode, null, createElement(Chat, { fetch, seen }))));
  return { fetch, seen, place };
}

const data = (...events: string[]) => events.map((event) => event.slice("data: ".length, -2)).join("");

test("the status of a controller is rendered, on a server too", async () => {
  const controller = createController();
  assert.equal(renderToString(createElement(Banner, { controller })), "<b>idle</b>");
});

test("a chat comes through faults, and begins anew where it must", async (t) => {
  const pass = clock(t);
  const { seen, place } = await mount([
    openaiServerErrorResponse(),
    { chunks: [role, token("Hel")], error: new TypeError("terminated") },
    { chunks: answer },
  ]);
  await act(() => seen.chat.start(url, post()));
  await act(() => settle());
  assert.equal(seen.chat.status.retry?.kind, "server");
  await act(() => pass(1000));
  await act(() => pass(16));
  assert.equal(place.textContent, data(role, token("Hel")));
  await act(() => pass(2000));
  await act(() => pass(16));
  assert.equal(place.textContent, data(...answer));
  assert.equal(seen.chat.error, undefined);
  assert.equal(seen.states[0], "idle");
  assert.equal(seen.states.at(-1), "finished");
});

test("a failure for good is told, and the next start forgets it", async () => {
  const { seen } = await mount([
    anthropicErrorResponse(401, "authentication_error", "invalid x-api-key"),
    { chunks: answer },
  ]);
  const { start } = seen.chat;
  await act(async () => {
    start(url, post());
    await settle();
  });
  assert.equal(seen.chat.error?.name, "RetryError");
  await act(async () => {
    start(url, post());
    await settle();
  });
  assert.equal(seen.chat.error, undefined);
  assert.equal(seen.chat.messages.length, answer.length);
  assert.equal(seen.chat.start, start, "the functions stay the same");
});

test("stop keeps what came, and is no error", async (t) => {
  const pass = clock(t);
  const { seen } = await mount([{ chunks: [role, token("Hello")], stall: true }]);
  await act(() => seen.chat.start(url, post()));
  await act(() => settle());
  await act(() => seen.chat.stop());
  await act(() => pass(16));
  assert.equal(seen.chat.status.state, "stopped");
  assert.equal(seen.chat.messages.length, 2);
  assert.equal(seen.chat.error, undefined);
});

test("retryNow ends the wait", async () => {
  const { seen, fetch } = await mount([openaiServerErrorResponse(), { chunks: answer }]);
  await act(() => seen.chat.start(url, post()));
  await act(() => settle());
  await act(() => seen.chat.retryNow());
  await act(() => settle());
  assert.equal(fetch.requests.length, 2);
  assert.equal(seen.chat.messages.length, answer.length);
});

test("another start ends the request on its way, and so does the component's end", async () => {
  const { seen, fetch } = await mount([
    { chunks: [role, token("old")], stall: true },
    { chunks: answer },
    { stall: true },
  ]);
  for (let i = 0; i < 2; i++) {
    await act(() => seen.chat.start(url, post()));
    await act(() => settle());
  }
  assert.equal(seen.chat.messages.map((message) => message.data).join(""), data(...answer));
  await act(() => seen.chat.start(url, post()));
  await act(() => settle());
  const { controller } = seen.chat;
  assert.equal(controller.status.state, "opening");
  await act(() => root!.unmount());
  await settle();
  assert.notEqual(controller.status.state, "opening");
  assert.equal(fetch.requests.length, 3);
});

test("the signal of a Request ends its answer", async () => {
  const { seen, fetch } = await mount([{ chunks: [role, token("Hel")], stall: true }]);
  const abort = new AbortController();
  await act(() => seen.chat.start(new Request(url, post(abort.signal))));
  await act(() => settle());
  assert.equal(fetch.requests.length, 1);
  await act(() => abort.abort());
  await act(() => settle());
  assert.equal(seen.chat.status.state, "stopped");
});
