// The recipe for the AI SDK, with the real packages and a route that fails.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { createUIMessageStream, createUIMessageStreamResponse } from "ai";
import { Window } from "happy-dom";
import { act, createElement } from "react";
import type { Root } from "react-dom/client";
import type { RetryStatusElement } from "steadfetch/element";
import { Chat } from "../../examples/react/ai-sdk.js";

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
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "" }, configurable: true });
window.HTMLElement.prototype.animate = undefined as unknown as typeof window.HTMLElement.prototype.animate;
const { createRoot } = await import("react-dom/client");

let root: Root | undefined;
afterEach(() => act(async () => root?.unmount()));

type Answer = () => Response;

/** A route's whole answer. */
const whole =
  (text: string): Answer =>
  () =>
    createUIMessageStreamResponse({
      stream: createUIMessageStream({
        execute({ writer }) {
          writer.write({ type: "start", messageId: "a" });
          writer.write({ type: "text-start", id: "t" });
          writer.write({ type: "text-delta", id: "t", delta: text });
          writer.write({ type: "text-end", id: "t" });
          writer.write({ type: "finish" });
        },
      }),
    });

/** The same, cut in its text. */
const cut =
  (text: string): Answer =>
  () => {
    const parts = [
      { type: "start", messageId: "a" },
      { type: "text-start", id: "t" },
      { type: "text-delta", id: "t", delta: text },
    ];
    const queue = parts.map((part) => `data: ${JSON.stringify(part)}\n\n`);
    const body = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 20)); // in the AI SDK an error overtakes chunks that are not delivered yet
        const next = queue.shift();
        if (next) {
          controller.enqueue(new TextEncoder().encode(next));
        } else {
          controller.error(new TypeError("terminated"));
        }
      },
    });
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "x-vercel-ai-ui-message-stream": "v1" },
    });
  };

const overloaded: Answer = () => new Response("{}", { status: 503, headers: { "retry-after": "0" } });
const nothing: Answer = () => new Response(null, { status: 204 });

/** The recipe on a page whose route gives these answers, and the requests that the route got. */
async function mount(...answers: Answer[]) {
  const asked: string[] = [];
  globalThis.fetch = async (input, init) => {
    const { trigger = "", messages = [] } = JSON.parse(String(init?.body ?? "{}"));
    asked.push([init?.method ?? "GET", input, trigger, messages.length || ""].join(" ").trim());
    return (answers.shift() ?? (() => Response.error()))();
  };
  const place = document.createElement("div");
  document.body.append(place);
  root = createRoot(place);
  await act(async () => root!.render(createElement(Chat, { id: crypto.randomUUID() })));
  const banner = place.querySelector<RetryStatusElement>("retry-status")!;
  return {
    asked,
    part: (name: string) => banner.shadowRoot!.querySelector<HTMLElement>(`[part~="${name}"]`)!,
    said: () => [...place.querySelectorAll("p")].map((p) => `${p.className}: ${p.textContent}`),
    async send(text: string) {
      const input = place.querySelector("input")!;
      // React notices only a change that bypasses the property it has put on the element.
      Object.getOwnPropertyDescriptor(window.HTMLInputElement.prototype, "value")!.set!.call(input, text);
      await act(async () => input.dispatchEvent(new window.Event("input", { bubbles: true }) as unknown as Event));
      await act(async () => place.querySelector("form")!.requestSubmit());
    },
  };
}

/** Waits for what a page shows. */
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !what(); i++) {
    await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
  }
  assert.ok(what(), String(what));
}

test("useChat: a failure before the answer is retried, and the page sees only the answer", async () => {
  const { asked, said, send, part } = await mount(nothing, overloaded, whole("Hello"));
  await send("Hi");
  await until(() => said().length === 2);
  assert.deepEqual(said(), ["user: Hi", "assistant: Hello"]);
  assert.equal(part("card").hidden, true);
  assert.match(asked[0]!, /^GET \/api\/chat\/[-\w]+\/stream$/);
  assert.deepEqual(asked.slice(1), Array(2).fill("POST /api/chat submit-message 1"));
});

test("useChat: the banner shows a wait, and ends it", async () => {
  const wait: Answer = () => new Response("{}", { status: 503, headers: { "retry-after": "60" } });
  const { said, send, part } = await mount(nothing, wait, whole("Hello"));
  await send("Hi");
  await until(() => !part("card").hidden);
  assert.equal(part("countdown").textContent, "Retrying in 60 s");
  await act(async () => part("retry-now").click());
  await until(() => said().length === 2);
  assert.equal(part("card").hidden, true);
});

test("useChat: a cut answer stays on the page, and Retry requests it again", async () => {
  const { asked, said, send, part } = await mount(nothing, cut("Hel"), whole("Hello"));
  await send("Hi");
  await until(() => !part("card").hidden);
  await until(() => said()[1] === "assistant: Hel");
  assert.match(part("title").textContent!, /^Interrupted: /);
  await act(async () => part("retry").click());
  await until(() => said()[1] === "assistant: Hello");
  assert.equal(said().length, 2);
  assert.equal(asked.at(-1), "POST /api/chat regenerate-message 1");
  assert.equal(part("card").hidden, true);
});

test("useChat: Stop ends the wait, and Retry makes the request again", async () => {
  const wait: Answer = () => new Response("{}", { status: 503, headers: { "retry-after": "60" } });
  const { said, send, part } = await mount(nothing, wait, whole("Hello"));
  await send("Hi");
  await until(() => !part("card").hidden);
  await act(async () => part("stop").click());
  await until(() => part("title").textContent === "Stopped");
  await act(async () => part("retry").click());
  await until(() => said()[1] === "assistant: Hello");
});

test("useChat: after a reload the running answer continues, through faults too", async () => {
  const { asked, said } = await mount(overloaded, whole("Hello"));
  await until(() => said().length === 1);
  assert.deepEqual(said(), ["assistant: Hello"]);
  assert.equal(asked.length, 2);
});
