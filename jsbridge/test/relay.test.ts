import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChatStreamEvent, createController, RetryError, stream, toResponse } from "../src/index.js";
import { view } from "../src/ui/view.js";
import { answer, clock, network, post, role, settle, token, url } from "./fakes.js";

const page = "https://app.example/api/chat";

/** A page's stream() that asks a server, which asks a provider and relays the answer. */
function relayed(options: object = {}, pages: object = {}) {
  const provider = network();
  const seen: ChatStreamEvent[] = [];
  const leave = new AbortController();
  const state = { over: false, error: undefined as unknown };
  const server: typeof globalThis.fetch = async (_, init) =>
    toResponse(stream(url, post(init?.signal ?? undefined), { fetch: provider.fetch, ...options }), {
      headers: { "x-request": "1" },
    });
  void (async () => {
    try {
      const init = { method: "POST", body: "{}", signal: leave.signal };
      for await (const event of stream(page, init, { fetch: server, ...pages })) {
        seen.push(event);
      }
    } catch (error) {
      state.error = error;
    }
    state.over = true;
  })();
  return { ...provider, seen, leave, state };
}

const short = (events: ChatStreamEvent[]) =>
  events.map((e) => (e.type === "message" ? (e.text ?? e.data.slice(0, 6)) : e.type));

test("messages, retries, resets and the end reach the page unchanged", async (t) => {
  const pass = clock(t);
  const { calls, seen, state } = relayed();
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hel"));
  await settle();
  wire.error(new TypeError("terminated"));
  await settle();
  const retry = seen.at(-1)!;
  assert.ok(retry.type === "retry" && retry.retry.delayMs === 1000 && retry.retry.kind === "network");
  await pass(1000);
  calls[1]!.open().finish(...answer);
  await settle();
  assert.deepEqual(short(seen), [
    '{"id":',
    "Hel",
    "retry",
    "reset",
    '{"id":',
    "Hello ",
    "world",
    '{"id":',
    "[DONE]",
    "finish",
  ]);
  assert.deepEqual(seen.at(-1), { type: "finish", reason: "stop" });
  assert.deepEqual(state, { over: true, error: undefined });
});

test("the server's error reaches the page, and is not retried", async () => {
  const { calls, seen, state } = relayed({ maxAttempts: 1 });
  await settle();
  calls[0]!.respond(529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}');
  await settle();
  assert.deepEqual(short(seen), ["error"]);
  const last = seen[0]!;
  assert.ok(last.type === "error" && last.error instanceof RetryError);
  assert.equal(last.verdict.kind, "attempts_exhausted");
  assert.equal(last.verdict.status, 529);
  assert.equal(calls.length, 1);
  assert.equal(state.over, true);
});

test("the page's banner shows the server's waits, and how it ended", async (t) => {
  const pass = clock(t);
  const controller = createController();
  const shown: string[] = [];
  controller.subscribe((status) => {
    const { title, attempt, actions } = view(status) ?? { title: status.state };
    const text = [title, attempt, actions?.join("+")].join(" ").trim();
    if (text !== shown.at(-1)) {
      shown.push(text);
    }
  });
  const { calls, seen } = relayed({ maxAttempts: 2 }, { controller });
  await settle();
  calls[0]!.respond(529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}');
  await settle();
  await pass(1000);
  const wire = calls[1]!.open();
  wire.send(role, token("Hel"));
  await settle();
  wire.error(new TypeError("terminated"));
  await settle();
  assert.deepEqual(shown, [
    "opening",
    "streaming",
    "Service overloaded 2 stop",
    "Retrying… (attempt 2) 2 stop",
    "streaming",
    "Request failed  retry",
  ]);
  assert.equal(short(seen).at(-1), "error");
});

test("when the page goes away, the server's request ends", async () => {
  const { calls, leave, state } = relayed();
  await settle();
  calls[0]!.open().send(role, token("Hel"));
  await settle();
  const reason = new Error("closed");
  leave.abort(reason);
  await settle();
  assert.equal(state.error, reason);
  assert.equal(calls[0]!.signal.aborted, true);
});

test("a relay that breaks off is a failure, not a finish", async () => {
  const whole = await toResponse(stream(page, {}, { fetch: async () => new Response("{}") })).text();
  const cut = whole.slice(0, whole.lastIndexOf("data: "));
  const headers = { "content-type": "text/event-stream" };
  const seen: ChatStreamEvent[] = [];
  for await (const event of stream(page, {}, { fetch: async () => new Response(cut, { headers }) })) {
    seen.push(event);
  }
  const last = seen.at(-1)!;
  assert.ok(last.type === "error" && last.verdict.retryable);
});

test("a relay that is cut off at any byte ends in an error event", async () => {
  const events = (async function* (): AsyncGenerator<ChatStreamEvent> {
    const at = "2027-01-01T00:00:00.000Z";
    yield { type: "retry", retry: { attempt: 1, delayMs: 0, error: "e", retryingAt: at, kind: "network" } };
    yield* stream(page, {}, { fetch: async () => new Response('{"a":1}') });
  })();
  const whole = await toResponse(events).text();
  const headers = { "content-type": "text/event-stream" };
  const opening = whole.indexOf("\n\n") + 2;
  const ends = new Map<string, number>();
  for (let at = opening; at <= whole.length; at++) {
    for await (const event of stream(page, {}, { fetch: async () => new Response(whole.slice(0, at), { headers }) })) {
      if (event.type === "finish" || event.type === "error") {
        const end = event.type === "error" ? event.verdict.kind : event.type;
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }
    }
  }
  // The finish counts without the blank line that follows it.
  assert.deepEqual(
    [...ends],
    [
      ["network", whole.length - opening - 2],
      ["finish", 3],
    ],
  );
});

for (const [what, odd, end] of [
  ["of an unknown type", '{"type":"progress","progress":{"done":1}}', "finish"],
  ["that a proxy put there", '{"error":{"message":"upstream"}}', "finish"],
  ["that is not JSON", "oops", "error"],
  ["that is no object", "null", "error"],
  ["without its members", '{"type":"error"}', "error"],
  ["with a delay that is no time", '{"type":"retry","retry":{"attempt":1,"delay_ms":1e300}}', "error"],
] as const) {
  test(`an event ${what} in a relay throws nothing`, async () => {
    const whole = await toResponse(stream(page, {}, { fetch: async () => new Response("{}") })).text();
    const headers = { "content-type": "text/event-stream" };
    const body = whole.replace("\n\n", `\n\ndata: ${odd}\n\n`);
    const seen: ChatStreamEvent[] = [];
    for await (const event of stream(page, {}, { fetch: async () => new Response(body, { headers }) })) {
      seen.push(event);
    }
    assert.equal(seen.at(-1)!.type, end);
    assert.equal(seen.filter(({ type }) => type === "message").length, end === "finish" ? 1 : 0);
  });
}

test("comments bridge a long wait, which a page does not see, and stop when it ends", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"] });
  const pass = async (ms: number) => {
    await settle();
    t.mock.timers.tick(ms);
    await settle();
  };
  const { fetch, calls } = network();
  const response = toResponse(stream(url, post(), { fetch, initialDelayMs: 50_000 }));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let raw = "";
  const read = (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      raw += next.value;
    }
  })();
  await settle();
  calls[0]!.respond(529);
  await pass(50_000);
  assert.match(raw, /"type":"retry".*\n\n(:\n\n){3}$/);
  calls[1]!.open().finish(...answer);
  await pass(1);
  await read;
  assert.match(raw, /(:\n\n){3}data: .*"finish"/s);
  const events: ChatStreamEvent[] = [];
  const headers = { "content-type": "text/event-stream" };
  for await (const event of stream(page, {}, { fetch: async () => new Response(raw, { headers }) })) {
    events.push(event);
  }
  assert.deepEqual(short(events).slice(-3), ['{"id":', "[DONE]", "finish"]);
});

test("nothing is written to a page that has left, however slowly the events end", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let end = () => {};
  async function* slow(): AsyncGenerator<ChatStreamEvent> {
    await new Promise<void>((resolve) => {
      end = resolve;
    });
  }
  const reader = toResponse(slow()).body!.getReader();
  await reader.read(); // the event "open"
  void reader.read();
  await settle();
  const gone = reader.cancel();
  await settle();
  t.mock.timers.tick(60_000); // a timer that throws would end the process
  end();
  await gone;
});

test("a relay is an event stream, from open to finish", async () => {
  const response = toResponse(stream(page, {}, { fetch: async () => new Response("{}") }), { status: 203 });
  assert.equal(response.status, 203);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.match(
    await response.text(),
    /^data: \{"type":"open".*\n\ndata: \{"type":"message".*\n\ndata: \{"type":"finish"/,
  );
});
