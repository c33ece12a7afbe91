// React's production build, as on a user's page, runs effects once and has no act(). It is chosen before React is
// loaded, so this file runs itself again.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Window } from "happy-dom";
import { createElement, useEffect, version } from "react";
import { faultyFetch } from "../src/testing/index.js";
import { type ChatStream, useChatStream } from "../src/ui/react.js";
import { answer, post, role, token, url } from "./fakes.js";

/** The chat as the page last rendered it. */
interface Seen {
  chat?: ChatStream;
}

function Asker({ chat }: { chat: ChatStream }) {
  const { start } = chat;
  useEffect(() => start(url, post()), [start]);
  return null;
}

function Chat({ fetch, seen }: { fetch: typeof globalThis.fetch; seen: Seen }) {
  const chat = useChatStream({ fetch });
  seen.chat = chat;
  return createElement("p", null, chat.text, createElement(Asker, { chat }));
}

async function mount(fetch: typeof globalThis.fetch) {
  const window = new Window();
  Object.assign(globalThis, { window, document: window.document });
  const { createRoot } = await import("react-dom/client");
  const place = document.createElement("div");
  const root = createRoot(place);
  const seen: Seen = {};
  root.render(createElement(Chat, { fetch, seen }));
  return { place, seen, root };
}

/** Waits for what a page shows. */
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !what(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(what(), String(what));
}

if (process.env.NODE_ENV === "production") {
  test("start() in a child's effect shows the answer and its status", async () => {
    const fetch = faultyFetch([{ chunks: answer }]);
    const { place, seen, root } = await mount(fetch);
    await until(() => place.textContent === "Hello world");
    await until(() => seen.chat?.status.state === "finished");
    assert.equal(fetch.requests.length, 1);
    root.unmount();
  });

  test("Stop ends a request that a child's effect started", async () => {
    const { place, seen, root } = await mount(faultyFetch([{ chunks: [role, token("Hi")], stall: true }]));
    await until(() => place.textContent === "Hi" && seen.chat?.status.state === "streaming");
    seen.chat?.stop();
    await until(() => seen.chat?.status.state === "stopped");
    assert.equal(place.textContent, "Hi");
    root.unmount();
  });
} else {
  test(`the hooks in React ${version}'s production build`, () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
      env: { ...env, NODE_ENV: "production" },
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /# pass 2\b/);
  });
}
