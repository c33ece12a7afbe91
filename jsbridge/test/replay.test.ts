import assert from "node:assert/strict";
import { createReadStream, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { createFetch, RetryError } from "../src/index.js";
import { overlay, type Replay, replayable, taken } from "../src/net/replay.js";
import { faultyFetch } from "../src/testing/index.js";
import { clock, network, settle, url, watch } from "./fakes.js";

const text = '{"stream":true,"name":"Jürgen"}';
const bytes = new TextEncoder().encode(text);
const mib = () => 1 << 20;

/** What would be sent. */
async function sent([input, init]: [RequestInfo | URL, RequestInit]): Promise<string> {
  const request = input instanceof Request ? new Request(input, init) : new Request(url, { ...init, method: "POST" });
  return request.text();
}

/** The body as the core gets it. */
async function told({ body }: Replay): Promise<string> {
  return new TextDecoder().decode(await body());
}

function streamOf(...pieces: string[]): ReadableStream<Uint8Array> {
  const queue = pieces.map((piece) => new TextEncoder().encode(piece));
  return new ReadableStream({
    pull(controller) {
      const piece = queue.shift();
      if (piece) {
        controller.enqueue(piece);
      } else {
        controller.close();
      }
    },
  });
}

const headers = { "content-type": "application/json" };
const half: object = { duplex: "half" };

for (const [name, make] of Object.entries<() => BodyInit>({
  string: () => text,
  Uint8Array: () => bytes.slice(),
  "a view of a part": () => new Uint8Array(new TextEncoder().encode(`xx${text}yy`).buffer, 2, bytes.length),
  ArrayBuffer: () => bytes.slice().buffer,
  Blob: () => new Blob([text]),
  "a stream": () => streamOf('{"stream":true,', '"name":"Jür', 'gen"}'),
})) {
  test(`a body that is ${name} is sent unchanged each time, and counts as asking for a stream`, async () => {
    const replay = await replayable(url, { method: "POST", headers, body: make(), ...half }, undefined, mib);
    assert.equal(await sent(replay.again()), text);
    assert.equal(await sent(replay.again()), text);
    assert.equal(await told(replay), text);
    assert.equal(replay.notReplayable, false);
  });
}

test("parameters and forms are sent unchanged", async () => {
  const params = new URLSearchParams({ stream: "true", q: "ä" });
  const first = await replayable(url, { method: "POST", body: params }, undefined, mib);
  assert.equal(first.again()[1].body, params);
  const form = new FormData();
  form.set("file", new Blob(["x"]), "f.txt");
  const second = await replayable(url, { method: "POST", body: form }, undefined, mib);
  assert.equal(second.again()[1].body, form);
});

test("the core sees the whole of a long body", async () => {
  const body = "a".repeat(100_000) + "ü".repeat(100_000);
  const replay = await replayable(url, { method: "POST", body }, undefined, mib);
  assert.equal(await told(replay), body);
});

test("a Request is cloned for each attempt, and keeps its headers and body", async () => {
  const request = new Request(url, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": "k1" },
    body: text,
    redirect: "error",
    credentials: "include",
  });
  const replay = await replayable(request, undefined, undefined, mib);
  assert.equal(await told(replay), text);
  assert.equal(replay.facts.method, "POST");
  assert.equal(replay.facts.headers!["idempotency-key"], "k1");
  for (let i = 0; i < 2; i++) {
    const [input, init] = replay.again();
    assert.ok(input instanceof Request && input !== request);
    assert.equal(input.redirect, "error");
    assert.equal(input.credentials, "include");
    assert.equal(await sent([input, init]), text);
  }
  assert.equal(request.bodyUsed, false);
});

test("init overrides a Request, as with fetch", async () => {
  const request = new Request(url, { method: "POST", headers: { a: "1" }, body: "old" });
  const replay = await replayable(request, { body: text, headers: { b: "2" } }, undefined, mib);
  assert.equal(await told(replay), text);
  assert.equal(replay.facts.headers!.a, undefined);
  assert.equal(replay.facts.headers!.b, "2");
  assert.equal(await sent(replay.again()), text);
});

test("a stream over the limit is sent once, whole, and the core learns that it cannot be replayed", async () => {
  const pieces = ['{"a"', ":[1,", "2,3,", "4]}\n"];
  const replay = await replayable(
    url,
    { method: "POST", headers, body: streamOf(...pieces), ...half },
    undefined,
    () => 6,
  );
  assert.equal(replay.notReplayable, true);
  assert.equal(await told(replay), '{"a":[1,');
  const { body } = replay.again()[1];
  assert.equal(await new Response(body).text(), pieces.join(""));
});

test("pieces of a long stream may share a buffer, or be empty", async () => {
  const buffer = new TextEncoder().encode("aaaabbbbccccdddd");
  const body = new ReadableStream({
    start(controller) {
      for (const [from, to] of [
        [0, 4],
        [4, 4],
        [4, 12],
        [12, 12],
        [12, 16],
      ]) {
        controller.enqueue(buffer.subarray(from, to));
      }
      controller.close();
    },
  });
  const replay = await replayable(url, { method: "POST", body, ...half }, undefined, () => 3);
  assert.equal(await new Response(replay.again()[1].body).text(), "aaaabbbbccccdddd");
});

test("a request that cannot be sent again fails with the reason", async (t) => {
  const pass = clock(t);
  const { fetch, calls } = network();
  const init = { method: "POST", body: streamOf("aaaa", "bbbb"), duplex: "half" } as RequestInit;
  const seen = watch(createFetch({ fetch, maxReplayBytes: 5 })(url, init));
  await settle();
  calls[0]!.reject(new TypeError("fetch failed"));
  await pass(60_000);
  assert.equal(calls.length, 1);
  assert.ok(seen.error instanceof RetryError);
  assert.equal(seen.error.reason, "not_replayable");
  assert.equal(seen.error.last!.kind, "network");
});

test("an abort ends the reading of a stream that never ends", async () => {
  let canceled: unknown;
  const body = new ReadableStream({
    cancel(reason) {
      canceled = reason;
    },
  });
  const controller = new AbortController();
  const { fetch, calls } = network();
  const init = { method: "POST", body, duplex: "half", signal: controller.signal } as RequestInit;
  const seen = watch(createFetch({ fetch })(url, init));
  await settle();
  const reason = new Error("mine");
  controller.abort(reason);
  await settle();
  assert.equal(seen.error, reason);
  assert.equal(canceled, reason);
  assert.equal(calls.length, 0);
});

test("a body that Node.js reads piece by piece can be sent again", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "replay-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "body.json");
  writeFileSync(path, text);
  const body = createReadStream(path) as unknown as BodyInit;
  const replay = await replayable(url, { method: "POST", body }, undefined, mib);
  assert.equal(await sent(replay.again()), text);
  assert.equal(await sent(replay.again()), text);
});

test("a resume changes the fields that it names and nothing else", async () => {
  const init: RequestInit = {
    method: "POST",
    headers: { authorization: "Bearer k" },
    body: text,
    credentials: "include",
  };
  const keep = (body: string) => `rewritten ${body}`;
  for (const replay of [
    await replayable(`${url}?a=1`, init, undefined, mib),
    await replayable(new Request(`${url}?a=1`, init), undefined, undefined, mib),
  ]) {
    const [again, byId] = await replay.resumed({ how: "last_event_id", lastEventId: "41" }, keep);
    assert.equal(again, `${url}?a=1`);
    assert.equal(byId.method, "POST");
    assert.equal(byId.credentials, "include");
    assert.equal(new Headers(byId.headers).get("last-event-id"), "41");
    assert.equal(new Headers(byId.headers).get("authorization"), "Bearer k");
    assert.equal(await new Response(byId.body).text(), text);

    const [address, background] = await replay.resumed(
      { how: "background", method: "GET", noBody: true, url: `${url}/resp_1?a=1&stream=true&starting_after=3` },
      keep,
    );
    assert.equal(address, `${url}/resp_1?a=1&stream=true&starting_after=3`);
    assert.equal(background.method, "GET");
    assert.equal(background.body, undefined);

    const [, rewritten] = await replay.resumed({ how: "continue", rewrite: true }, keep);
    assert.equal(rewritten.body, `rewritten ${text}`);
  }
});

test("a caller's own resume overrides the first request", () => {
  const first: [string, RequestInit] = [url, { method: "POST", body: text, headers: { a: "1" } }];
  assert.deepEqual(overlay(first, { url: "https://other/", body: "new" }), [
    "https://other/",
    { method: "POST", body: "new", headers: { a: "1" } },
  ]);
  assert.deepEqual(overlay(first, {}), first);
});

test("a signal that is already aborted ends the reading of a stalled stream", async () => {
  let canceled: unknown;
  const body = new ReadableStream<Uint8Array>({
    cancel(reason) {
      canceled = reason;
    },
  });
  const init = { method: "POST", body, signal: AbortSignal.abort("enough"), duplex: "half" } as RequestInit;
  const seen = watch(createFetch()(url, init));
  await settle();
  assert.equal(seen.error, "enough");
  assert.equal(canceled, "enough");
});

test("a relative URL is resolved against the document's base, as with fetch", async (t) => {
  const scope = globalThis as { document?: unknown; location?: unknown };
  t.after(() => {
    delete scope.document;
    delete scope.location;
  });
  scope.location = { href: "https://page.example/chat/" };
  assert.equal((await replayable("v1/x", {}, undefined, mib)).facts.url, "https://page.example/chat/v1/x");
  scope.document = { baseURI: "https://api.example/" };
  assert.equal((await replayable("v1/x", {}, undefined, mib)).facts.url, "https://api.example/v1/x");
});

test("a stream without duplex is refused where fetch refuses it", async () => {
  const refused: unknown = await fetch(url, { method: "POST", body: streamOf("a") }).catch((error) => error);
  assert.ok(refused instanceof TypeError && /duplex/.test(refused.message));
  const sent: typeof globalThis.fetch = () => assert.fail("nothing is to be sent");
  await assert.rejects(createFetch({ fetch: sent })(url, { method: "POST", body: streamOf("a") }), {
    name: "TypeError",
    message: refused.message,
  });
});

/** What a fetch sends that is given these arguments, which are changed by `after` as soon as it has returned. */
async function sends(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  after = () => {},
): Promise<{ url: string; method: string; headers: object; text: string }> {
  let sent: Request | undefined;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    sent = new Request(input, init);
    return new Response("fine");
  };
  const answer = createFetch({ fetch })(input, init);
  after();
  await answer;
  const { url, method, headers } = sent!;
  return { url, method, headers: Object.fromEntries(headers), text: await sent!.text() };
}

test("settings count that are inherited, such as those of a Request", async () => {
  const headers = { "content-type": "text/x", "x-a": "1" };
  const want = { url, method: "POST", headers, text: "hi" };
  class Settings {
    get method() {
      return "POST";
    }
    get headers() {
      return headers;
    }
    get body() {
      return "hi";
    }
  }
  assert.deepEqual(await sends(url, new Request("http://other.test/", { method: "POST", headers, body: "hi" })), want);
  assert.deepEqual(await sends(url, new Settings()), want);
  assert.deepEqual(await sends(url, Object.create({ method: "POST", headers, body: "hi" })), want);
});

test("what the caller changes after the call is not sent", async () => {
  const post = (body: BodyInit): RequestInit => ({ method: "POST", body });
  const address = new URL(url);
  assert.equal((await sends(address, undefined, () => address.searchParams.set("page", "2"))).url, url);
  const request = new Request(url, { headers: { "x-a": "1" } });
  assert.deepEqual((await sends(request, {}, () => request.headers.set("x-a", "2"))).headers, { "x-a": "1" });
  const init = post("1");
  assert.equal((await sends(url, init, () => Object.assign(init, post("2")))).text, "1");

  const plain = { "x-a": "1" };
  const headers = new Headers(plain);
  const pairs: [string, string][] = [["x-a", "1"]];
  const once = [["x-a", "1"]].values();
  const lists: [HeadersInit, () => unknown][] = [
    [plain, () => Object.assign(plain, { "x-a": "2" })],
    [headers, () => headers.set("x-a", "2")],
    [pairs, () => pairs.pop()],
    [once as Iterable<[string, string]> as [string, string][], () => {}],
  ];
  for (const [headers, change] of lists) {
    assert.deepEqual((await sends(url, { headers }, change)).headers, { "x-a": "1" });
  }

  const buffer = new TextEncoder().encode("abc");
  const moved = new TextEncoder().encode("abc").buffer;
  const params = new URLSearchParams("a=1");
  const form = new FormData();
  form.set("a", "1");
  const bodies: [BodyInit, () => unknown, RegExp][] = [
    [buffer, () => buffer.fill(90), /^abc$/],
    [moved, () => structuredClone(moved, { transfer: [moved] }), /^abc$/],
    [params, () => params.set("a", "2"), /^a=1$/],
    [form, () => form.set("a", "2"), /\r\n\r\n1\r\n/],
  ];
  for (const [body, change, want] of bodies) {
    assert.match((await sends(url, post(body), change)).text, want);
  }
});

test("JSON-RPC is recognized in whatever is sent as text or bytes", async () => {
  const rpc = '{"jsonrpc":"2.0","id":1,"method":"tools/call"}';
  const foreign = runInNewContext("Uint8Array.from(bytes).buffer", { bytes: [...new TextEncoder().encode(rpc)] });
  const bodies = [Object(rpc), { toString: () => rpc }, foreign] as BodyInit[];
  const bytes = new TextEncoder().encode(rpc);
  const requests = [
    new Request(url, { method: "POST", body: bytes }),
    new Request(url, { method: "POST", body: rpc, headers: { "content-type": "Application/JSON" } }),
    new Request(url, { method: "POST", body: rpc, headers: { "content-type": "application/octet-stream" } }),
    new Request(url, { method: "POST", body: new Blob([bytes]).stream(), ...half }),
  ];
  const all: [RequestInfo, RequestInit?][] = [
    ...bodies.map((body): [RequestInfo, RequestInit] => [url, { method: "POST", body }]),
    ...requests.map((request): [RequestInfo] => [request]),
  ];
  for (const [input, init] of all) {
    const fetch = faultyFetch([{ status: 503 }, { status: 503 }]);
    const response = await createFetch({ fetch, initialDelayMs: 1 })(input, init);
    assert.equal(response.status, 503);
    assert.equal(fetch.requests.length, 1);
  }
});

test("an init of null is none", () => {
  assert.deepEqual(taken(url, null), [url, {}]);
});

for (const [name, read] of [
  ["not read", false],
  ["read", true],
] as const) {
  test(`a body in the settings takes the place of that of a Request, which is ${name} and left alone`, async () => {
    const request = new Request(url, { method: "POST", headers: { "x-own": "1" }, body: bytes.slice() });
    if (read) {
      await request.text();
    }
    const form = new FormData();
    form.set("a", "b");
    const [input, init] = taken(request, { body: form });
    assert.equal(request.bodyUsed, read);
    const replay = await replayable(input, init, undefined, mib);
    for (const [to, how] of [replay.again(), replay.again(), await replay.resumed()]) {
      const again = new Request(to, how);
      assert.equal(again.headers.get("x-own"), "1");
      assert.match(again.headers.get("content-type") ?? "", /^multipart/);
      assert.equal((await again.formData()).get("a"), "b");
    }
  });
}

test("a stream that pauses is sent as it comes, once", async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const live = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
      given.enqueue(bytes.slice(0, 5));
    },
  });
  const replay = await replayable(url, { method: "POST", headers, body: live, ...half }, undefined, mib);
  assert.equal(replay.notReplayable, true);
  assert.equal(await told(replay), text.slice(0, 5));
  const all = sent(replay.again());
  controller!.enqueue(bytes.slice(5));
  controller!.close();
  assert.equal(await all, text);
});

test("a stream that pauses and then fails, fails the request", async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const live = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  const replay = await replayable(url, { method: "POST", body: live, ...half }, undefined, mib);
  controller!.error(new Error("the source is gone"));
  await assert.rejects(sent(replay.again()), /the source is gone/);
});

test("a Request whose body pauses is sent as it comes, once", async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const live = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
      given.enqueue(bytes.slice(0, 5));
    },
  });
  const request = new Request(url, { method: "POST", headers: { "x-own": "1" }, body: live, ...half });
  const replay = await replayable(...taken(request, undefined), undefined, mib);
  assert.equal(replay.notReplayable, true);
  assert.equal(await told(replay), text.slice(0, 5));
  const [to, how] = replay.again();
  assert.equal((to as Request).headers.get("x-own"), "1");
  const all = sent([to, how]);
  controller!.enqueue(bytes.slice(5));
  controller!.close();
  assert.equal(await all, text);
});

test("a Request whose body pauses can be aborted before it is sent", async () => {
  const abort = new AbortController();
  let canceled = false;
  const live = new ReadableStream({
    cancel() {
      canceled = true;
    },
  });
  const request = new Request(url, { method: "POST", body: live, ...half });
  const replay = replayable(...taken(request, undefined), abort.signal, mib);
  abort.abort();
  await assert.rejects(replay, { name: "AbortError" });
  await settle();
  assert.ok(canceled);
});

test("pairs of headers that are changed afterwards are sent as they were", () => {
  const pair: [string, string] = ["x-own", "1"];
  const [, init] = taken(url, { headers: [pair] });
  pair[1] = "2";
  assert.deepEqual(init.headers, [["x-own", "1"]]);
});
