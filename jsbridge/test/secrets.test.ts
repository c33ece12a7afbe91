import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { createController, createFetch, RetryError, retry, stream } from "../src/index.js";
import { faultyFetch } from "../src/testing/index.js";
import { settle } from "./fakes.js";

/** Small numbers that look random and are the same in every run. */
let seed = 7;
const random = (below: number) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const letters = (alphabet: string, n: number) =>
  Array.from({ length: n }, () => alphabet[random(alphabet.length)]).join("");
const base62 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const forms = [
  () => `sk-${letters(base62, 48)}`,
  () => `sk-${"ant-api03-"}${letters(`${base62}-_`, 86)}`,
  () => `AIza${letters(base62, 35)}`,
  () => letters("0123456789abcdef", 32),
  () => letters(base62, 40),
  () => `eyJ${letters(base62, 30)}.eyJ${letters(base62, 60)}.${letters(base62, 43)}`,
];

/** Fails if any 12 characters in a row of the secret are in the text. */
function hides(text: string, secret: string): void {
  for (let at = 12; at <= secret.length; at += 4) {
    const part = secret.slice(at - 12, at);
    assert.ok(!text.includes(part), `${part} is shown in ${text.slice(Math.max(text.indexOf(part) - 200, 0))}`);
  }
}

const spilled = (secret: string) =>
  `request to https://u:${secret}@api.example.com/v1?key=${secret} with Authorization: Bearer ${secret} failed: key ${secret} is unknown`;

/** The answers of a provider that repeats every secret that it got. */
function spills(secret: string) {
  const message = spilled(secret);
  const headers = { "content-type": "application/json", "x-request-id": secret, "set-cookie": `sid=${secret}` };
  const json = (error: object, status: number) => new Response(JSON.stringify({ error }), { status, headers });
  return [
    Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error(message), { code: "ECONNRESET" }) }),
    json({ type: "server_error", message, param: message }, 503),
    { chunks: [`data: ${JSON.stringify({ error: { type: "overloaded_error", message } })}\n\n`] },
    new Response(`<html><title>${message}</title></html>`, { status: 502, headers: { "content-type": "text/html" } }),
    json({ type: "overloaded_error", message }, 529),
    { chunks: [`data: ${JSON.stringify({ error: { type: "invalid_request_error", message } })}\n\n`] },
  ];
}

test("nothing that a program receives shows a secret", async (t) => {
  const told: string[] = [];
  const see = (...all: unknown[]) => {
    for (const x of all) {
      told.push(JSON.stringify(x) ?? "", inspect(x, { depth: 9 }), String(x));
    }
  };
  for (const method of ["warn", "error", "log", "info", "debug"] as const) {
    t.mock.method(console, method, see);
  }
  for (let n = 0; n < 60; n++) {
    const secret = forms[n % forms.length]!();
    told.length = 0;
    const controller = createController();
    controller.subscribe(see);
    const options = {
      initialDelayMs: 1,
      maxDelayMs: 1,
      controller,
      onRetry: see,
      onStatus: see,
      onAttempt: see,
      onWarning: see,
    };
    const address = `https://api.openai.com/v1/chat/completions?key=${secret}`;
    const init = {
      method: "POST",
      headers: {
        authorization: `Bearer ${secret}`,
        "x-api-key": secret,
        cookie: `sid=${secret}`,
        "x-stainless-retry-count": "1",
      },
      body: JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: secret }] }),
    };
    for await (const event of stream(address, init, { ...options, fetch: faultyFetch(spills(secret)) })) {
      see(event);
    }
    const steps = [...spills(secret).slice(0, 4), new TypeError("fetch failed")];
    await assert.rejects(
      createFetch({ ...options, maxAttempts: 5, fetch: faultyFetch(steps) })(address, init),
      (error) => {
        assert.ok(error instanceof RetryError);
        see(error, error.verdict, error.last, error.stack);
        return true;
      },
    );
    const theirs = Object.assign(new Error(spilled(secret)), { status: 503, config: { url: address, ...init } });
    const failure = () => Promise.reject(theirs);
    await assert.rejects(retry(failure, { ...options, maxAttempts: 2 }), (error) => {
      assert.ok(error instanceof RetryError);
      assert.equal(error.cause, theirs);
      see(error, error.stack, { error }, new AggregateError([error]), new Error("Connection error.", { cause: error }));
      return true;
    });
    const dead = () => Promise.reject(new TypeError(spilled(secret), { cause: theirs }));
    await assert.rejects(createFetch({ ...options, maxAttempts: 2, fetch: dead })(address, init), (error) => {
      assert.ok(error instanceof RetryError);
      assert.equal((error.cause as Error).cause, theirs);
      see(error, error.stack, { error }, error.verdict, error.last);
      return true;
    });
    see(controller.status);
    const all = told.join("\n");
    assert.ok(all.includes("overloaded") && all.includes("attempts_exhausted") && all.includes("openai"));
    hides(all, secret);
  }
});

test("other tabs receive a hash and a time", async (t) => {
  const page: Record<string, unknown> = {
    navigator: { onLine: true },
    addEventListener() {},
    removeEventListener() {},
  };
  const before = Object.keys(page).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(page)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  const tab = new BroadcastChannel("steadfetch");
  t.after(() => {
    tab.close();
    for (const [name, was] of before) {
      Reflect.deleteProperty(globalThis, name);
      if (was) {
        Object.defineProperty(globalThis, name, was);
      }
    }
  });
  const heard: unknown[] = [];
  tab.onmessage = ({ data }) => heard.push(data);
  const secret = forms[0]!();
  const limited = new Response(
    JSON.stringify({ error: { type: "rate_limit_error", message: `Rate limited: ${secret}` } }),
    {
      status: 429,
      headers: { "retry-after-ms": "30", "x-request-id": secret },
    },
  );
  const fetch = faultyFetch([
    limited,
    { chunks: ["data: [DONE]\n\n"] },
    { chunks: ["data: [DONE]\n\n"] },
    { chunks: ["data: [DONE]\n\n"] },
  ]);
  const response = await createFetch({ fetch, maxAttempts: 2 })(
    `https://api.openai.com/v1/chat/completions?key=${secret}`,
    {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body: '{"model":"secret-model","stream":true}',
    },
  ).catch(() => undefined);
  await response?.text().catch(() => {});
  await settle();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(heard.length > 0);
  for (const message of heard as Record<string, unknown>[]) {
    assert.deepEqual(Object.keys(message).sort(), ["bucket", "until"]);
    assert.match(String(message.bucket), /^[0-9a-f]{1,16}$/);
    assert.equal(typeof message.until, "number");
  }
});
