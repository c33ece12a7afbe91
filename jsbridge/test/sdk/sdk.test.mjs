// The real SDKs, streaming through createFetch from a provider that fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createFetch, RetryError, stream } from "steadfetch";
import { provider } from "./provider.mjs";

const { run } = await provider();
const messages = [{ role: "user", content: "Tell me." }];

/** Each asks for a streamed answer and gives its text. */
const clients = {
  async "openai, chat completions"(base, fetch) {
    const client = new OpenAI({ apiKey: "k", baseURL: `${base}/v1`, maxRetries: 0, fetch });
    let text = "";
    for await (const chunk of await client.chat.completions.create({ model: "m", messages, stream: true })) {
      text += chunk.choices[0]?.delta?.content ?? "";
    }
    return text;
  },
  async "openai, responses"(base, fetch) {
    const client = new OpenAI({ apiKey: "k", baseURL: `${base}/v1`, maxRetries: 0, fetch });
    let text = "";
    for await (const event of await client.responses.create({ model: "m", input: "Tell me.", stream: true })) {
      text += event.type === "response.output_text.delta" ? event.delta : "";
    }
    return text;
  },
  async "anthropic, messages"(base, fetch) {
    const client = new Anthropic({ apiKey: "k", baseURL: base, maxRetries: 0, fetch });
    let text = "";
    for await (const event of await client.messages.create({ model: "m", max_tokens: 999, messages, stream: true })) {
      text += event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : "";
    }
    return text;
  },
  async "anthropic, the stream helper"(base, fetch) {
    const client = new Anthropic({ apiKey: "k", baseURL: base, maxRetries: 0, fetch });
    const message = await client.messages.stream({ model: "m", max_tokens: 999, messages }).finalMessage();
    return message.content.map((block) => block.text).join("");
  },
};

// The faults that the first attempts meet, and the least length of each wait.
const recovers = {
  nothing: { faults: [], waits: [] },
  "429 with Retry-After": { faults: [{ status: 429, headers: { "retry-after": "1" } }], waits: [1000] },
  "429 with retry-after-ms, twice": {
    faults: [{ status: 429, headers: { "retry-after-ms": "150" }, times: 2 }],
    waits: [150, 150],
  },
  529: { faults: [{ status: 529, error_type: "overloaded_error", message: "Overloaded" }], waits: [40] },
  "an in-band overload before output": {
    faults: [{ kind: "error", at: "before_output", status: 529 }],
    waits: [40],
  },
  "a reset before output": { faults: [{ kind: "reset", at: "before_output" }], waits: [40] },
  "a reset before the headers": { faults: [{ kind: "reset", at: "before_headers" }], waits: [40] },
  "a truncation before output": { faults: [{ kind: "eof", at: "before_output" }], waits: [40] },
  "an HTML page with 502": { faults: [{ kind: "html" }], waits: [40] },
  "a gateway's HTML page with 200": {
    faults: [
      { kind: "html", status: 200, body: "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>" },
    ],
    waits: [40],
  },
  "a JSON error with 200": { faults: [{ kind: "json_error" }], waits: [40] },
  "several, one after the other": {
    faults: [{ status: 503 }, { kind: "reset" }, { kind: "eof" }],
    waits: [40, 80, 160],
  },
};

for (const [sdk, ask] of Object.entries(clients)) {
  test(sdk, { concurrency: 4 }, async (t) => {
    const tests = Object.entries(recovers).map(([name, { faults, waits }]) =>
      t.test(`gives the exact text after ${name}`, async () => {
        const { base, log } = await run(...faults);
        const retries = [];
        const fetch = createFetch({ initialDelayMs: 40, noCooldown: true, onRetry: (event) => retries.push(event) });
        const text = await ask(base, fetch);
        const seen = await log();
        assert.equal(text, seen.text);
        assert.equal(seen.requests.length, waits.length + 1);
        assert.equal(retries.length, waits.length);
        waits.forEach((wait, i) => {
          const gap = seen.requests[i + 1].at_ms - seen.requests[i].at_ms;
          assert.ok(gap >= wait, `${gap} ms after attempt ${i + 1}, asked for ${wait}`);
          assert.equal(retries[i].attempt, i + 1);
          assert.ok(retries[i].delayMs >= wait);
          assert.equal(seen.requests[i + 1].body, seen.requests[0].body);
        });
      }),
    );

    for (const [name, fault, check] of [
      ["400", { status: 400 }, (error) => error.status === 400],
      ["401", { status: 401 }, (error) => error.status === 401],
      [
        "insufficient_quota",
        {
          status: 429,
          error_type: "insufficient_quota",
          error_code: "insufficient_quota",
          message: "You exceeded your current quota, please check your plan and billing details.",
          headers: { "retry-after": "1" },
        },
        (error) => error.status === 429 && /exceeded your current quota/.test(error.message),
      ],
    ]) {
      tests.push(
        t.test(`gets ${name} once, and throws its own error`, async () => {
          const { base, log } = await run({ ...fault, times: -1 });
          await assert.rejects(ask(base, createFetch({ initialDelayMs: 1 })), (error) => {
            assert.ok(check(error), String(error));
            return true;
          });
          assert.equal((await log()).requests.length, 1);
        }),
      );
    }

    tests.push(
      t.test("gets an error with the verdict for a failure after output", async () => {
        const { base, log } = await run({ kind: "reset", at_token: 5 });
        await assert.rejects(ask(base, createFetch()), (error) => {
          let cause = error;
          while (cause && !(cause instanceof RetryError)) {
            cause = cause.cause;
          }
          assert.equal(cause?.reason, "network");
          return true;
        });
        assert.equal((await log()).requests.length, 1);
      }),
      t.test("gets an error for a web page instead of an answer", async () => {
        const { base, log } = await run({
          kind: "html",
          status: 200,
          body: "<!doctype html><p>Sign in</p>",
          times: -1,
        });
        await assert.rejects(ask(base, createFetch()));
        assert.equal((await log()).requests.length, 1);
      }),
      t.test("is not told to wait longer than the policy allows", async () => {
        const { base, log } = await run({ status: 429, headers: { "retry-after": "3600" } });
        await assert.rejects(ask(base, createFetch()), (error) => error.status === 429);
        assert.equal((await log()).requests.length, 1);
      }),
    );
    await Promise.all(tests);
  });
}

test("an SDK whose own retries are on causes one warning", async () => {
  const { base } = await run({ status: 400, times: -1 });
  const warnings = [];
  const fetch = createFetch({ onWarning: (rule) => warnings.push(rule) });
  for (let i = 0; i < 2; i++) {
    await fetch(`${base}/v1/messages`, {
      method: "POST",
      body: "{}",
      headers: { "x-stainless-retry-count": String(i) },
    });
  }
  assert.deepEqual(warnings, ["sdk_retries_stacked"]);
});

test("stream() gives the exact text, whatever fails", async (t) => {
  const texts = {
    "/v1/chat/completions": (data) => (data === "[DONE]" ? "" : (JSON.parse(data).choices[0]?.delta?.content ?? "")),
    "/v1/messages": (data) => JSON.parse(data).delta?.text ?? "",
    "/v1/responses": (data) => (JSON.parse(data).type === "response.output_text.delta" ? JSON.parse(data).delta : ""),
  };
  for (const [path, textOf] of Object.entries(texts)) {
    await t.test(path, async () => {
      const { base, log } = await run(
        { status: 529 },
        { kind: "reset", at_token: 3 },
        { kind: "eof", at_token: 6, half: "char" },
        { kind: "error", at_token: 9 },
        { kind: "drop", at: "before_end" },
      );
      let text = "";
      let resets = 0;
      const init = { method: "POST", body: JSON.stringify({ model: "m", messages, input: "x", stream: true }) };
      for await (const event of stream(base + path, init, { initialDelayMs: 10, maxDelayMs: 20 })) {
        if (event.type === "reset") {
          text = "";
          resets++;
        } else if (event.type === "message") {
          text += textOf(event.data);
        } else {
          assert.ok(event.type === "retry" || event.type === "finish", event.type);
        }
      }
      const seen = await log();
      assert.equal(text, seen.text);
      assert.equal(seen.requests.length, 6);
      // A reset connection discards what was not read yet; then there is nothing to drop.
      assert.ok(resets === 4 || resets === 3, `${resets} resets`);
    });
  }
});
