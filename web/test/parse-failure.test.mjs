import assert from "node:assert/strict";
import { it } from "node:test";
import { examples } from "../public/examples.js";
import { parseFailure } from "../public/parse-failure.js";

const cases = {
  "a response with headers and body": [
    'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 20\r\nx-a: b: c\r\n\r\n{"error": 1}',
    { phase: "response", status: 429, headers: { "retry-after": "20", "x-a": "b: c" }, body: '{"error": 1}' },
  ],
  "a status alone": ["503", { phase: "response", status: 503, headers: {}, body: "" }],
  "a status line without the protocol": [
    "404 Not Found\n\nno such model",
    { phase: "response", status: 404, headers: {}, body: "no such model" },
  ],
  "a labelled status": ["status: 529", { phase: "response", status: 529, headers: {}, body: "" }],
  "an event": [
    'event: error\ndata: {"type":"error"}',
    { phase: "midstream", status: 200, event: { event: "error", data: '{"type":"error"}' } },
  ],
  "an event without a name": [
    "data: [1,\ndata: 2]",
    { phase: "midstream", status: 200, event: { event: "message", data: "[1,\n2]" } },
  ],
  "a failure as JSON": ['{"status": 429, "headers": {"a": "b"}}', { status: 429, headers: { a: "b" } }],
  "a body as JSON": [
    '{"error": {"type": "overloaded_error"}}',
    { phase: "response", body: '{"error": {"type": "overloaded_error"}}' },
  ],
  "a thrown error": [
    "Uncaught (in promise) TypeError: Failed to fetch",
    { error: { name: "TypeError", message: "Failed to fetch" } },
  ],
  words: ["model is overloaded", { error: { message: "model is overloaded" } }],
  "a thrown error with its cause": [
    examples["Node.js, fetch failed"],
    {
      error: {
        name: "TypeError",
        message: "fetch failed",
        cause: { name: "Error", message: "read ECONNRESET", code: "ECONNRESET" },
      },
    },
  ],
};

for (const [name, [pasted, failure]] of Object.entries(cases)) {
  it(`reads ${name}`, () => {
    const parsed = parseFailure(pasted);
    assert.deepEqual(parsed.failure, failure);
    assert.ok(parsed.readAs);
  });
}

it("returns undefined for blank text", () => {
  assert.equal(parseFailure(" \n"), undefined);
});
