import assert from "node:assert/strict";
import { test } from "node:test";
import { fromWire, toWireShape } from "../src/engine/names.js";
import { type ChatStreamEvent, classify, RetryError, toWire } from "../src/index.js";

test("names are translated in both directions, at every depth", () => {
  const wire = { retry_after_ms: 3, steps: [{ last_event_id: "a_b" }], plain: null, none: [] };
  const own = { retryAfterMs: 3, steps: [{ lastEventId: "a_b" }], plain: null, none: [] };
  assert.deepEqual(fromWire(wire), own);
  assert.deepEqual(toWireShape(own), wire);
});

test("headers keep their names, whatever they are", () => {
  const shape = { headers: { "X-Should-Retry": "true", retry_after: "3", __proto__x: "1" } };
  assert.deepEqual(toWireShape(shape), shape);
  assert.deepEqual(fromWire(shape), shape);
  assert.equal(classify({ status: 400, headers: { "X-Should-Retry": "true" } }).retryable, true);
});

test("a verdict has camelCase names", () => {
  const verdict = classify({ status: 429, headers: { "retry-after": "7" } });
  assert.equal(verdict.retryAfterMs, 7000);
  assert.deepEqual(
    Object.keys(verdict).filter((name) => name.includes("_")),
    [],
  );
});

test("an event has snake_case names on the wire", () => {
  const retry = { attempt: 1, delayMs: 1000, error: "Overloaded", retryingAt: "2026-11-28T07:00:00Z", statusCode: 529 };
  const verdict = classify({ status: 529 });
  const events: ChatStreamEvent[] = [
    { type: "message", event: "message", data: "Hi", id: "", text: "Hi", reasoning: undefined },
    { type: "retry", retry },
    { type: "reset" },
    { type: "finish", reason: "length", usage: { inputTokens: 3, outputTokens: 4 } },
    { type: "error", error: new RetryError(verdict, 1), verdict },
  ];
  const { title, message, kind, retryable } = verdict;
  assert.deepEqual(events.map(toWire), [
    { type: "message", message: { event: "message", data: "Hi", id: "" } },
    {
      type: "retry",
      retry: { attempt: 1, delay_ms: 1000, error: "Overloaded", retrying_at: "2026-11-28T07:00:00Z", status_code: 529 },
    },
    { type: "reset" },
    { type: "finish", finish: { reason: "length", usage: { input_tokens: 3, output_tokens: 4 } } },
    { type: "error", error: { retryable, kind, title, message, status_code: 529 } },
  ]);
});
