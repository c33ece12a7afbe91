import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { errorInfo, failureOf, headersOf } from "../src/api/classify.js";
import { classify, classifyResponse, delay, explain, type Failure, RetryError } from "../src/index.js";

/** What an SDK throws when its server gives this answer. */
async function thrownBy(sdk: "openai" | "anthropic", status: number, body: unknown, headers = {}): Promise<Error> {
  const fetch = async () =>
    new Response(typeof body === "string" ? body : JSON.stringify(body), {
      status,
      headers: { "content-type": "application/json", ...headers },
    });
  const options = { apiKey: "k", fetch, maxRetries: 0 };
  const messages = [{ role: "user" as const, content: "Hi" }];
  try {
    if (sdk === "openai") {
      await new OpenAI(options).chat.completions.create({ model: "m", messages });
    } else {
      await new Anthropic(options).messages.create({ model: "m", max_tokens: 1, messages });
    }
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not throw");
}

test("openai's errors yield the status, headers and body of the response", async () => {
  const body = {
    error: { message: "You exceeded your current quota", type: "insufficient_quota", code: "insufficient_quota" },
  };
  const error = await thrownBy("openai", 429, body, { "retry-after": "3" });
  const failure = failureOf(error);
  assert.equal(failure.phase, "response");
  assert.equal(failure.status, 429);
  assert.equal(failure.headers!["retry-after"], "3");
  assert.deepEqual(JSON.parse(failure.body!), body);
  const verdict = classify(error);
  assert.equal(verdict.kind, "quota");
  assert.equal(verdict.retryable, false);
});

test("so do anthropic's errors", async () => {
  const body = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  const error = await thrownBy("anthropic", 529, body);
  const failure = failureOf(error);
  assert.equal(failure.status, 529);
  assert.deepEqual(JSON.parse(failure.body!), body);
  assert.equal(classify(error).kind, "overloaded");
});

test("an SDK's connection error is classified by its cause", async () => {
  const fetch = async () => {
    throw Object.assign(new TypeError("fetch failed"), {
      cause: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
    });
  };
  const client = new OpenAI({ apiKey: "k", fetch, maxRetries: 0 });
  const error = await client.models.list().then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.ok(error instanceof OpenAI.APIConnectionError);
  assert.equal(errorInfo(error).cause!.cause!.code, "ECONNRESET");
  const verdict = classify(error);
  assert.equal(verdict.kind, "network");
  assert.equal(verdict.retryable, true);
});

const shapes: [string, unknown, Partial<Failure>][] = [
  [
    "ai",
    Object.assign(new Error("Overloaded"), {
      name: "AI_APICallError",
      url: "https://api.anthropic.com/v1/messages",
      statusCode: 529,
      responseHeaders: { "Retry-After": "2" },
      responseBody: '{"error":{"type":"overloaded_error"}}',
      requestBodyValues: { secret: true },
    }),
    {
      status: 529,
      headers: { "retry-after": "2" },
      body: '{"error":{"type":"overloaded_error"}}',
      url: "https://api.anthropic.com/v1/messages",
    },
  ],
  [
    "ai, after its own retries",
    Object.assign(new Error("Failed after 3 attempts"), {
      name: "AI_RetryError",
      lastError: Object.assign(new Error("x"), { statusCode: 503, responseBody: "down" }),
    }),
    { status: 503, body: "down" },
  ],
  [
    "@google/genai",
    Object.assign(new Error('{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}'), { name: "ApiError", status: 429 }),
    { status: 429 },
  ],
  [
    "@mistralai/mistralai",
    Object.assign(new Error("API error"), { statusCode: 429, body: "slow down", headers: new Headers({ a: "b" }) }),
    { status: 429, body: "slow down", headers: { a: "b" } },
  ],
  [
    "axios",
    Object.assign(new Error("Request failed with status code 502"), {
      code: "ERR_BAD_RESPONSE",
      config: { url: "https://h/x" },
      response: { status: 502, headers: { a: "b" }, data: { error: "bad gateway" } },
    }),
    { status: 502, headers: { a: "b" }, body: '{"error":"bad gateway"}', url: "https://h/x" },
  ],
  [
    "got",
    Object.assign(new Error("Response code 503"), { response: { statusCode: 503, body: "busy", headers: { a: "b" } } }),
    { status: 503, body: "busy", headers: { a: "b" } },
  ],
  [
    "ky",
    Object.assign(new Error("429"), { response: new Response("x", { status: 429, headers: { "retry-after": "1" } }) }),
    { status: 429, headers: { "retry-after": "1", "content-type": "text/plain;charset=UTF-8" } },
  ],
  [
    "AWS",
    Object.assign(new Error("Too many"), { name: "ThrottlingException", $metadata: { httpStatusCode: 429 } }),
    { status: 429 },
  ],
  ["a thrown response", new Response("", { status: 503 }), { status: 503 }],
  ["a plain object", { status: 503, message: "busy" }, { status: 503 }],
];

for (const [name, thrown, expected] of shapes) {
  test(`the facts are found in an error thrown by ${name}`, () => {
    const failure = failureOf(thrown);
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(failure[key as keyof Failure], value, key);
    }
    assert.equal(failure.phase, "response");
  });
}

test("any thrown value is classified", () => {
  const circular = new Error("round") as Error & { cause: unknown; response: unknown };
  circular.cause = circular;
  circular.response = { data: circular };
  for (const thrown of [
    undefined,
    null,
    5,
    "text",
    Symbol("s"),
    {},
    [],
    circular,
    Object.create(null),
    new AggregateError([new Error("x")]),
  ]) {
    assert.equal(typeof failureOf(thrown).error, "object");
    JSON.stringify(failureOf(thrown));
  }
  assert.equal(
    errorInfo(new AggregateError([Object.assign(new Error(""), { code: "ECONNREFUSED" })])).cause!.code,
    "ECONNREFUSED",
  );
});

test("a failure is classified by its fields, an error of another realm as an error", async () => {
  assert.equal(classify({ status: 401 }).kind, "auth");
  assert.equal(classify({}).kind, "unknown");
  const { runInNewContext } = await import("node:vm");
  assert.equal(classify(runInNewContext('new Error("status 529")')).kind, "overloaded");
});

test("an error of other code is not retried for a loose word, unless its own field says retryable", () => {
  const own = classify(new Error("my database is busy"));
  assert.deepEqual([own.retryable, own.kind], [false, "unknown"]);
  for (const said of [{ retryable: true }, { isRetryable: true }]) {
    assert.equal(classify(Object.assign(new Error("my database is busy"), said)).retryable, true);
    assert.equal(
      classify(Object.assign(new Error("invalid API key"), said)).retryable,
      false,
      "a permanent failure stays permanent",
    );
  }
  assert.equal(classify(Object.assign(new Error("connection reset"), { retryable: false })).retryable, false);
});

test("explain() says what decided, for facts and for errors", () => {
  for (const failure of [{ status: 529 }, new Error("the model is overloaded")]) {
    const { verdict, steps } = explain(failure);
    assert.deepEqual(verdict, classify(failure));
    assert.equal(steps!.at(-1)!.decided, true);
    assert.equal(steps!.at(-1)!.rule, verdict.rule);
  }
});

test("a RetryError keeps its verdict", () => {
  const verdict = { retryable: false, kind: "attempts_exhausted" } as const;
  assert.equal(classify(new RetryError(verdict, 3)), verdict);
});

test("so does one of another copy of the package, such as the one for require()", () => {
  const verdict = { retryable: false, kind: "attempts_exhausted" } as const;
  const theirs = Object.assign(new Error("connection reset"), { name: "RetryError", reason: verdict.kind, verdict });
  assert.equal(classify(theirs), verdict);
  assert.equal(explain(theirs).verdict!.retryable, false);
  assert.equal(classify(new Error("chat", { cause: theirs })).retryable, false);
  const other = Object.assign(new Error("connection reset"), { name: "RetryError" });
  assert.equal(classify(other).retryable, true, "a name alone proves nothing");
});

test("and one inside an SDK's error, with the wait that was asked for", () => {
  const verdict = {
    retryable: false,
    kind: "retry_after_too_long",
    status: 429,
    retryAfterMs: 3_600_000,
    title: "Rate limited",
    message: "OpenAI asks to wait 1 h, which is more than is allowed here.",
  } as const;
  const wrapped = new Error("Connection error.", { cause: new RetryError(verdict, 1) });
  assert.deepEqual(classify(wrapped), verdict);
  assert.deepEqual(explain(wrapped).verdict, verdict);
});

test("classifyResponse leaves the response's body unread", async () => {
  const response = new Response('{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}', {
    status: 429,
    headers: { "content-type": "application/json" },
  });
  const verdict = await classifyResponse(response);
  assert.equal(verdict.kind, "quota");
  assert.equal(response.bodyUsed, false);
  assert.match(await response.text(), /insufficient_quota/);
  assert.equal((await classifyResponse(response)).retryable, true, "without its body it is a plain 429");
});

test("delay() doubles from 1 s to 60 s", () => {
  const expected = [1000, 2000, 4000, 8000, 16000, 32000, 60000];
  assert.deepEqual(
    expected.map((_, i) => delay(i)),
    expected,
  );
  for (const attempt of [10, 100, 2 ** 40, Number.POSITIVE_INFINITY, Number.NaN]) {
    assert.equal(delay(attempt), 60000);
  }
  assert.equal(delay(-1), 1000);
  assert.equal(delay(Number.NEGATIVE_INFINITY), 1000);
});

test("headers in any form are read", () => {
  const expected = { "retry-after": "1" };
  assert.deepEqual(headersOf(new Headers(expected)), expected);
  assert.deepEqual(headersOf({ "Retry-After": 1 }), expected);
  assert.deepEqual(headersOf([["Retry-After", "1"]]), expected);
  assert.deepEqual(headersOf(undefined), {});
  assert.deepEqual(headersOf("junk"), {});
});
