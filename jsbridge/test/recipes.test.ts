// The recipes for Vue and Svelte, with the real packages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryError } from "steadfetch";
import { anthropicErrorResponse, faultyFetch, openaiServerErrorResponse } from "steadfetch/testing";
import { get } from "svelte/store";
import { effectScope, watch } from "vue";
import { chatStream } from "../../examples/svelte/chat.js";
import { useChatStream } from "../../examples/vue/useChatStream.js";
import { answer, post, role, settle, token, url } from "./fakes.js";

const failing = () =>
  faultyFetch([
    openaiServerErrorResponse(),
    { chunks: [role, token("Hel")], error: new TypeError("terminated") },
    { chunks: answer },
    anthropicErrorResponse(401, "authentication_error", "invalid x-api-key"),
  ]);
const options = { initialDelayMs: 1 };

test("Vue: text and status are reactive, through faults", async () => {
  const scope = effectScope();
  const chat = scope.run(() => useChatStream({ ...options, fetch: failing() }))!;
  const states = new Set<string>();
  const texts = new Set<string>();
  watch([chat.status, chat.text], ([status, text]) => states.add(status.state) && texts.add(text), { flush: "sync" });
  await chat.start(url, post());
  assert.equal(chat.text.value, "Hello world");
  assert.ok(texts.has("Hel"));
  for (const state of ["opening", "waiting", "streaming", "finished"]) {
    assert.ok(states.has(state), state);
  }
  await chat.start(url, post());
  assert.ok(chat.error.value instanceof RetryError);
  assert.equal(chat.text.value, "");
  scope.stop();
});

test("Vue: the request ends with the component", async () => {
  const scope = effectScope();
  const fetch = faultyFetch([{ chunks: [role, token("Hi")], stall: true }]);
  const chat = scope.run(() => useChatStream({ fetch }))!;
  const done = chat.start(url, post());
  await settle();
  assert.equal(chat.controller.status.state, "streaming");
  scope.stop();
  await done;
  assert.notEqual(chat.controller.status.state, "streaming");
});

test("Svelte: text and status are stores, through faults", async () => {
  const chat = chatStream({ ...options, fetch: failing() });
  const states = new Set<string>();
  const texts = new Set<string>();
  const leave = [
    chat.status.subscribe(({ state }) => states.add(state)),
    chat.text.subscribe((text) => texts.add(text)),
  ];
  await chat.start(url, post());
  assert.equal(get(chat.text), "Hello world");
  assert.ok(texts.has("Hel"));
  for (const state of ["idle", "opening", "waiting", "streaming", "finished"]) {
    assert.ok(states.has(state), state);
  }
  await chat.start(url, post());
  assert.ok(get(chat.error) instanceof RetryError);
  for (const end of leave) {
    end();
  }
});

test("Svelte: stop ends the request", async () => {
  const chat = chatStream({ fetch: faultyFetch([{ chunks: [role, token("Hi")], stall: true }]) });
  const done = chat.start(url, post());
  await settle();
  chat.stop();
  await done;
  assert.deepEqual([get(chat.text), chat.controller.status.state], ["Hi", "stopped"]);
});
