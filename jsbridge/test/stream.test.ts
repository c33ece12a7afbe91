import assert from "node:assert/strict";
import { test } from "node:test";
import { makeParser, type ServerSentEvent } from "../src/api/sse.js";
import { type ChatStreamEvent, createController, stream } from "../src/index.js";
import { answer, clock, done, network, post, role, settle, stop, token, url } from "./fakes.js";

/** Collects events, and says when and how they end. */
function collect(events: AsyncIterable<ChatStreamEvent>) {
  const seen: ChatStreamEvent[] = [];
  const end: { over: boolean; error?: unknown } = { over: false };
  void (async () => {
    try {
      for await (const event of events) {
        seen.push(event);
      }
    } catch (error) {
      end.error = error;
    }
    end.over = true;
  })();
  return { seen, end, types: () => seen.map((e) => e.type) };
}

const message = (data: string) => ({
  type: "message",
  event: "message",
  data: data.replace(/^data: |\n\n$/g, ""),
  id: "",
});

test("a healthy stream is its messages", async () => {
  const { fetch, calls } = network();
  const { seen, end } = collect(stream(url, post(), { fetch }));
  await settle();
  const wire = calls[0]!.open();
  wire.send(...answer);
  wire.end();
  await settle();
  assert.deepEqual(seen, answer.map(message));
  assert.deepEqual(end, { over: true });
});

test("a failure after output resets, waits and begins anew", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const { seen, types, end } = collect(stream(url, post(), { fetch }));
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hel"));
  await settle();
  wire.error(new TypeError("terminated"));
  await settle();
  assert.deepEqual(types(), ["message", "message", "retry"]);
  const retry = seen[2]!;
  assert.ok(retry.type === "retry" && retry.retry.attempt === 1 && retry.retry.delayMs === 1000);
  await pass(1000);
  calls[1]!.open().send(...answer);
  await settle();
  assert.deepEqual(types(), ["message", "message", "retry", "reset", ...answer.map(() => "message")]);
  assert.deepEqual(seen.slice(4), answer.map(message));
  assert.equal(end.over, true);
});

test("with afterCommit fail, the error comes as the last event", async () => {
  const { fetch, calls } = network();
  const { seen, end } = collect(stream(url, post(), { fetch, afterCommit: "fail" }));
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hel"));
  await settle();
  wire.end();
  await settle();
  const last = seen.at(-1)!;
  assert.ok(last.type === "error");
  assert.equal(last.verdict.kind, "truncated");
  assert.equal(last.error.verdict, last.verdict);
  assert.deepEqual(end, { over: true });
});

test("a permanent error is an event, not an exception", async () => {
  const { fetch, calls } = network();
  const { seen, end } = collect(stream(url, post(), { fetch }));
  await settle();
  calls[0]!.respond(401, '{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}');
  await settle();
  assert.equal(seen.length, 1);
  assert.ok(seen[0]!.type === "error" && seen[0]!.verdict.kind === "auth");
  assert.deepEqual(end, { over: true });
});

test("the error of the last attempt is told where the engine ended the retrying", async () => {
  const { fetch, calls } = network();
  const { seen } = collect(stream(url, post(), { fetch, maxAttempts: 1 }));
  await settle();
  calls[0]!.respond(529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}');
  await settle();
  const last = seen.at(-1)!;
  assert.ok(last.type === "error");
  assert.equal(last.error.reason, "attempts_exhausted");
  assert.equal(last.error.last?.kind, "overloaded");
});

test("an answer that is no stream is one message", async () => {
  const { fetch, calls } = network();
  const { seen, end } = collect(stream(url, { method: "POST", body: "{}" }, { fetch }));
  await settle();
  calls[0]!.respond(200, '{"id":"x"}', { "content-type": "application/json" });
  await settle();
  assert.deepEqual(seen, [{ type: "message", event: "message", data: '{"id":"x"}', id: "" }]);
  assert.equal(end.over, true);
});

test("stop() of a controller ends it with an event", async () => {
  const { fetch, calls } = network();
  const controller = createController();
  const { seen, end } = collect(stream(url, post(), { fetch, controller }));
  await settle();
  calls[0]!.open().send(role, token("Hel"));
  await settle();
  controller.stop();
  await settle();
  assert.ok(seen.at(-1)!.type === "error");
  assert.equal((seen.at(-1) as { verdict: { kind: string } }).verdict.kind, "stopped_by_user");
  assert.equal(end.over, true);
});

test("nothing is asked for before the first event is, and nothing read ahead", async () => {
  const { fetch, calls } = network();
  const events = stream(url, post(), { fetch });
  await settle();
  assert.equal(calls.length, 0);
  const first = events.next();
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("1"));
  await first;
  await events.next();
  const before = wire.pulls;
  wire.send(token("2"), token("3"), stop, done);
  await settle();
  assert.equal(wire.pulls, before);
  await events.return();
});

test("options that make no sense throw", async () => {
  await assert.rejects(stream(url, post(), { maxAttempts: -1 }).next(), TypeError);
});

test("the request of a custom resume is the caller's", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const resumes: unknown[] = [];
  const { seen, end } = collect(
    stream(url, post(), {
      fetch,
      resumeRequest: async (resume) => {
        resumes.push(resume.text);
        return { url: `${url}/rest`, body: "rest" };
      },
    }),
  );
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hello world, it is "));
  await settle();
  wire.error(new TypeError("terminated"));
  await pass(1000);
  assert.deepEqual(resumes, ["Hello world, it is "]);
  assert.equal(calls[1]!.input, `${url}/rest`);
  assert.equal(calls[1]!.init.body, "rest");
  assert.equal(calls[1]!.init.method, "POST");
  calls[1]!.open().send(role, token("fine today."), stop, done);
  await settle();
  const text = seen
    .map((e) =>
      e.type === "message" && e.data.startsWith("{") ? (JSON.parse(e.data).choices[0].delta.content ?? "") : "",
    )
    .join("");
  assert.equal(text, "Hello world, it is fine today.");
  assert.equal(end.over, true);
});

test("a hook that throws ends the stream with what it threw", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const mine = new Error("no rest to be had");
  const { end } = collect(
    stream(url, post(), {
      fetch,
      resumeRequest: () => {
        throw mine;
      },
    }),
  );
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hello world, it is "));
  await settle();
  wire.error(new TypeError("terminated"));
  await pass(1000);
  assert.equal(end.error, mine);
  assert.equal(calls.length, 1);
});

const fixture = [
  "\uFEFF: a comment\n",
  "event: first\r\ndata: a\r\ndata: ü\r\nid: 7\r\n\r\n",
  "data\ndata:\n\n",
  "id: x\0y\nretry: 9\ndata:  two spaces\n\n",
  "event: lonely\n\n",
  "data: cr\rdata: only\r\r",
  "data: 🚀\n\n",
  "data: last, without its blank line",
].join("");
const expected: ServerSentEvent[] = [
  { event: "first", data: "a\nü", id: "7" },
  { event: "message", data: "\n", id: "7" },
  { event: "message", data: " two spaces", id: "7" },
  { event: "message", data: "cr\nonly", id: "7" },
  { event: "message", data: "🚀", id: "7" },
  { event: "message", data: "last, without its blank line", id: "7" },
];

test("events are the same wherever the bytes are cut", () => {
  const bytes = new TextEncoder().encode(fixture);
  const parse = (...cuts: number[]) => {
    const events: ServerSentEvent[] = [];
    const take = makeParser((event) => events.push(event));
    let at = 0;
    for (const cut of [...cuts, bytes.length]) {
      take(bytes.subarray(at, cut));
      at = cut;
    }
    take();
    return events;
  };
  assert.deepEqual(parse(), expected);
  assert.deepEqual(parse(...bytes.keys()), expected);
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.deepEqual(parse(cut), expected, `cut at ${cut}`);
  }
});
