import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChatStreamMessage, makeReader } from "../src/api/messages.js";
import { type ChatStreamEvent, createController, type RetryError, type Snapshot, stream } from "../src/index.js";
import { answer, clock, done, network, post, role, settle, stop, token, url, watch } from "./fakes.js";

/** Collects events, and notes when and how they end. */
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

/** A message of the fakes' protocol, whose text is that of its first choice. */
const message = (line: string): ChatStreamEvent => {
  const data = line.replace(/^data: |\n\n$/g, "");
  const text = data.startsWith("{") ? JSON.parse(data).choices[0].delta.content || undefined : undefined;
  return { type: "message", event: "message", data, id: "", text, reasoning: undefined };
};
const finished = { type: "finish", reason: "stop" };

test("a healthy stream is its messages", async () => {
  const { fetch, calls } = network();
  const { seen, end } = collect(stream(url, post(), { fetch }));
  await settle();
  const wire = calls[0]!.open();
  wire.finish(...answer);
  await settle();
  assert.deepEqual(seen, [...answer.map(message), finished]);
  assert.deepEqual(end, { over: true });
});

test("after a failure in mid-answer the stream waits, resets and restarts", async (t) => {
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
  calls[1]!.open().finish(...answer);
  await settle();
  assert.deepEqual(types(), ["message", "message", "retry", "reset", ...answer.map(() => "message"), "finish"]);
  assert.deepEqual(seen.slice(4), [...answer.map(message), finished]);
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

test("where the engine gave up, the error event has the last attempt's failure", async () => {
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

test("an answer that is not a stream is one message, with its text and its end", async () => {
  const { fetch, calls } = network();
  const { seen, end } = collect(stream(url, { method: "POST", body: "{}" }, { fetch }));
  await settle();
  const data = JSON.stringify({
    object: "chat.completion",
    choices: [{ index: 0, message: { content: "Hello", reasoning: "Hm" }, finish_reason: "length" }],
    usage: { prompt_tokens: 3, completion_tokens: 4 },
  });
  calls[0]!.respond(200, data, { "content-type": "application/json" });
  await settle();
  assert.deepEqual(seen, [
    { type: "message", event: "message", data, id: "", text: "Hello", reasoning: "Hm" },
    { type: "finish", reason: "length", usage: { inputTokens: 3, outputTokens: 4 } },
  ]);
  assert.equal(end.over, true);
});

test("a document that is labelled as an event stream is one message, too", async () => {
  const data =
    '{ "object": "chat.completion",\n"choices": [{ "index": 0, "message": { "content": "Hello" }, "finish_reason": "stop" }] }';
  for (const pieces of [[data], ["\n", data.slice(0, 50), data.slice(50)]]) {
    const { fetch, calls } = network();
    const { seen, end } = collect(stream(url, post(), { fetch }));
    await settle();
    const attempt = calls[0]!.open();
    for (const piece of pieces) {
      attempt.send(piece);
      await settle();
    }
    attempt.end();
    await settle();
    assert.equal(end.over, true);
    assert.deepEqual(
      seen.map((event) => (event.type === "message" ? event.text : event)),
      ["Hello", { type: "finish", reason: "stop" }],
    );
  }
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

test("no request is made before the first next(), and nothing is read ahead", async () => {
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
  wire.finish(token("2"), token("3"), stop, done);
  await settle();
  assert.equal(wire.pulls, before);
  await events.return();
});

test("with a custom resume, the caller makes the request", async (t) => {
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
  calls[1]!.open().finish(role, token("fine today."), stop, done);
  await settle();
  const text = seen.map((e) => (e.type === "message" && e.text) || "").join("");
  assert.equal(text, "Hello world, it is fine today.");
  assert.equal(end.over, true);
});

test("a hook that throws ends the stream with its error", async (t) => {
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
const expected: Pick<ChatStreamMessage, "event" | "data" | "id">[] = [
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
    const events: typeof expected = [];
    const take = makeReader(({ event, data, id }) => events.push({ event, data, id }));
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

test("return() ends the request at once, even while next() waits", async () => {
  const { fetch, calls } = network();
  const it = stream(url, post(), { fetch });
  const first = it.next();
  await settle();
  assert.deepEqual(await it.return(), { done: true, value: undefined });
  assert.deepEqual(await first, { done: true, value: undefined });
  assert.equal(calls[0]!.signal.aborted, true);
  assert.deepEqual(await it.next(), { done: true, value: undefined });
  assert.equal(calls.length, 1);
});

test("return() before the first next() makes no request", async () => {
  const { fetch, calls } = network();
  const it = stream(url, post(), { fetch });
  const first = it.next();
  await it.return();
  await first;
  await settle();
  assert.equal(calls.length, 0);
  const never = stream(url, post(), { fetch });
  await never.return();
  assert.deepEqual(await never.next(), { done: true, value: undefined });
  assert.equal(calls.length, 0);
});

test("throw() ends the request and rejects", async () => {
  const { fetch, calls } = network();
  const it = stream(url, post(), { fetch });
  void it.next();
  await settle();
  const mine = new Error("enough");
  await assert.rejects(it.throw(mine), mine);
  assert.equal(calls[0]!.signal.aborted, true);
});

test("leaving the loop ends the request", async () => {
  const { fetch, calls } = network();
  const loop = (async () => {
    for await (const event of stream(url, post(), { fetch })) {
      assert.equal(event.type, "message");
      break;
    }
  })();
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hel"));
  await loop;
  await settle();
  assert.equal(wire.canceled, true);
});

test("several calls of next() are answered in order", async () => {
  const { fetch, calls } = network();
  const it = stream(url, post(), { fetch });
  const events = answer.map(() => it.next());
  await settle();
  calls[0]!.open().finish(...answer);
  const seen = await Promise.all(events);
  assert.deepEqual(
    seen.map(({ value }) => value),
    answer.map(message),
  );
  assert.deepEqual((await it.next()).value, finished);
  assert.equal((await it.next()).done, true);
});

test("ReadableStream.from() takes it, and canceling that cancels it", async () => {
  const { fetch, calls } = network();
  const from = (ReadableStream as unknown as { from(it: AsyncIterable<unknown>): ReadableStream }).from;
  const reader = from(stream(url, post(), { fetch })).getReader();
  const first = reader.read();
  await settle();
  const wire = calls[0]!.open();
  wire.send(role, token("Hel"));
  assert.equal((await first).value.type, "message");
  await reader.cancel();
  await settle();
  assert.equal(wire.canceled, true);
});

for (const which of ["init", "options", "the Request"]) {
  test(`the signal of ${which} ends it, with its reason`, async () => {
    const { fetch, calls } = network();
    const first = new AbortController();
    const second = new AbortController();
    const { end } = collect(
      which === "the Request"
        ? stream(new Request(url, post(first.signal)), {}, { fetch, signal: second.signal })
        : stream(url, post(which === "init" ? first.signal : second.signal), {
            fetch,
            signal: which === "init" ? second.signal : first.signal,
          }),
    );
    await settle();
    assert.equal(calls.length, 1);
    const reason = new Error("gone");
    first.abort(reason);
    await settle();
    assert.deepEqual(end, { over: true, error: reason });
    assert.equal(calls[0]!.signal.aborted, true);
  });
}

test("events have every protocol's text, and how the answer ended", async () => {
  const data = (json: object) => `data: ${JSON.stringify(json)}\n\n`;
  const protocols: Record<string, string[]> = {
    "https://api.anthropic.com/v1/messages": [
      data({ type: "message_start", message: { id: "m", usage: { input_tokens: 3, output_tokens: 1 } } }),
      data({ type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm" } }),
      data({ type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Hi" } }),
      data({ type: "message_delta", delta: { stop_reason: "max_tokens" }, usage: { output_tokens: 4 } }),
      data({ type: "message_stop" }),
    ],
    "https://api.openai.com/v1/responses": [
      data({ type: "response.created", response: { id: "r" } }),
      data({ type: "response.reasoning_summary_text.delta", delta: "Hm" }),
      data({ type: "response.output_text.delta", delta: "Hi" }),
      data({
        type: "response.incomplete",
        response: {
          incomplete_details: { reason: "max_output_tokens" },
          usage: { input_tokens: 3, output_tokens: 4 },
        },
      }),
    ],
    "https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent?alt=sse": [
      data({ candidates: [{ content: { parts: [{ text: "Hm", thought: true }] } }] }),
      data({ candidates: [{ content: { parts: [{ text: "Hi" }] } }] }),
      data({
        candidates: [{ finishReason: "MAX_TOKENS" }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 3, thoughtsTokenCount: 1 },
      }),
    ],
    "https://api.openai.com/v1/chat/completions": [
      data({ choices: [{ index: 0, delta: { reasoning_content: "Hm" } }] }),
      data({ choices: [{ index: 0, delta: { content: "Hi" } }] }),
      data({ choices: [{ index: 0, delta: {}, finish_reason: "length" }] }),
      data({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }),
      done,
    ],
  };
  for (const [address, events] of Object.entries(protocols)) {
    const { fetch, calls } = network();
    const { seen } = collect(stream(address, post(), { fetch }));
    await settle();
    const wire = calls[0]!.open();
    wire.send(...events);
    wire.end();
    await settle();
    const all = (what: "text" | "reasoning") => seen.map((e) => (e.type === "message" && e[what]) || "").join("");
    assert.equal(all("text"), "Hi", address);
    assert.equal(all("reasoning"), "Hm", address);
    const end = { type: "finish", reason: "length", usage: { inputTokens: 3, outputTokens: 4 } };
    assert.deepEqual(seen.at(-1), end, address);
  }
});

test("an untouched body arrives unchanged", async () => {
  const cases: [type: Record<string, string>, pieces: string[], messages: string[]][] = [
    [
      { "content-type": "application/x-ndjson" },
      ['{"a":1}\n{"b"', ":2}\n", '{"c":3}'],
      ['{"a":1}', '{"b":2}', '{"c":3}'],
    ],
    [{ "content-type": "audio/mpeg" }, ["ab", "cd"], ["ab", "cd"]],
  ];
  for (const [headers, pieces, messages] of cases) {
    const { fetch, calls } = network();
    const { seen, end } = collect(stream("https://example.com/ask", { method: "POST" }, { fetch }));
    await settle();
    const wire = calls[0]!.open(200, headers);
    for (const piece of pieces) {
      wire.send(piece);
      await settle();
    }
    wire.end();
    await settle();
    assert.deepEqual(
      seen.map((e) => (e.type === "message" ? e.data : e.type)),
      [...messages, "finish"],
    );
    assert.equal(end.over, true);
  }
});

test("a line in many chunks is read in linear time", () => {
  const parse = makeReader(() => {});
  const piece = new TextEncoder().encode("x".repeat(64));
  const start = process.cpuUsage().user;
  parse(new TextEncoder().encode("data: "));
  for (let i = 0; i < 200_000; i++) {
    parse(piece);
  }
  parse();
  const ms = (process.cpuUsage().user - start) / 1000;
  assert.ok(ms < 5000, `${ms} ms`);
});

test("a document reaches a consumer that was busy when it arrived, after a retry and after a reset", async (t) => {
  const pass = clock(t);
  const data = JSON.stringify({ id: "c", choices: [{ message: { content: "All of it" }, finish_reason: "stop" }] });
  for (const begun of [false, true]) {
    const { fetch, calls } = network();
    const events = stream(url, post(), { fetch });
    const next = () => watch(events.next());
    const first = next();
    await settle();
    if (begun) {
      calls[0]!.open().send(role, token("Hel"));
      await settle();
      next();
      next();
      await settle();

      await pass(600_000);
    } else {
      calls[0]!.respond(503, "");
      await settle();
    }
    await pass(1000); // meanwhile the consumer reads nothing
    calls[1]!.respond(200, data, { "content-type": "application/json" });
    await settle();
    const seen: ChatStreamEvent[] = [];
    for (let i = 0; i < 5; i++) {
      const got = next();
      await settle();
      assert.equal(got.state, "fulfilled", `event ${i} with begun ${begun}`);
      if (got.value!.done) {
        break;
      }
      seen.push(got.value!.value);
    }
    assert.equal(first.state, "fulfilled");
    assert.deepEqual(
      seen.map(({ type }) => type),
      begun ? ["reset", "message", "finish"] : ["message", "finish"],
    );
    assert.ok(seen.some((event) => event.type === "message" && event.data === data));
  }
});

test("an untouched answer is streaming until it was read, and then has the status of its end", async () => {
  const lines = { "content-type": "application/x-ndjson" };
  const begin = async () => {
    const { fetch, calls } = network();
    const controller = createController();
    const states: string[] = [];
    const onStatus = ({ state }: Snapshot) => states.push(state);
    const { seen, types, end } = collect(stream("https://a.example/generate", post(), { fetch, controller, onStatus }));
    await settle();
    const wire = calls[0]!.open(200, lines);
    wire.send('{"a":1}\n');
    await settle();
    assert.deepEqual(states, ["opening", "streaming"]);
    return { wire, calls, controller, states, seen, types, end };
  };

  const whole = await begin();
  whole.wire.finish('{"b":2}\n');
  await settle();
  assert.deepEqual(whole.states, ["opening", "streaming", "finished"]);
  assert.deepEqual(whole.types(), ["message", "message", "finish"]);

  const broken = await begin();
  const reset = new TypeError("terminated");
  broken.wire.error(reset);
  await settle();
  assert.deepEqual(broken.states, ["opening", "streaming", "failed"]);
  assert.deepEqual(broken.types(), ["message", "error"]);
  const { error } = broken.seen[1] as { error: RetryError };
  assert.deepEqual([error.reason, error.verdict.retryable, error.cause], ["network", false, reset]);
  assert.equal(broken.calls.length, 1);

  const stopped = await begin();
  stopped.controller.stop();
  await settle();
  assert.deepEqual(stopped.states, ["opening", "streaming", "stopped"]);
  assert.deepEqual(stopped.types(), ["message", "error"]);
  assert.equal((stopped.seen[1] as { error: RetryError }).error.reason, "stopped_by_user");
  assert.ok(stopped.calls[0]!.signal.aborted);
});

test("an empty turn that is accepted the second time arrives with its last event", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const { types } = collect(stream(url, post(), { fetch, onWarning() {} }));
  await settle();
  calls[0]!.open().finish(stop + done);
  await settle();
  await pass(0);
  calls[1]!.open().finish(stop + done);
  await settle();
  assert.deepEqual(types(), ["retry", "message", "message", "finish"]);
});
