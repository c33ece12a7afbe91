import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "../src/engine/module.js";
import { createFetch } from "../src/index.js";

// hosttest/conformance/README.md describes the scripts. The core is a fake that speaks wasm/ABI.md.

interface Move {
  do: "release" | "drop" | "put" | "cut";
  n?: number;
  behind?: number;
  put?: string;
}
interface Step {
  on?: string;
  chunk?: string;
  attempt?: number;
  status?: number;
  answer?: Record<string, unknown>;
  moves?: Move[];
  timer_in_ms?: number;
}
interface Sent {
  method: string;
  url: string;
  body: string;
  last_event_id?: string;
}
interface Script {
  name: string;
  network: { status?: number; chunks?: string[]; then: "end" | "hang" | "break" | "refuse" }[];
  core: Step[];
  cancel_in_ms?: number;
  rewrite?: string;
  want: { status?: number; body?: string; error?: string; requests?: Sent[]; dropped?: number[] };
}

// The bundled test lies in .cache/test of the package.
const file = new URL("../../../hosttest/conformance/scripts.json", import.meta.url);
const { scripts } = JSON.parse(readFileSync(file, "utf8")) as { scripts: Script[] };

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const resultAt = 1 << 16;
const movesAt = 2 << 16;
const putAt = movesAt + (1 << 12);

/** The script that is played. */
let script: Script;
let at = 0;
let wrong: string[] = [];
let freed = 0;

function fakeCore(): WebAssembly.Exports {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const input = (n: number) => decoder.decode(new Uint8Array(memory.buffer, 0, n));
  let moves: Move[] = [];

  function result(text: string): number {
    const bytes = encoder.encode(text);
    new Uint8Array(memory.buffer).set(bytes, resultAt);
    return bytes.length;
  }

  /** The length of the answer to an event, 0 for none. */
  function told(what: Step, now: number): { n: number; bytes: number } {
    const step = script.core[at];
    moves = [];
    if (
      !step ||
      step.on !== what.on ||
      step.chunk !== what.chunk ||
      (step.attempt ?? 0) !== (what.attempt ?? 0) ||
      (step.status ?? 0) !== (what.status ?? 0)
    ) {
      wrong.push(`step ${at}: ${JSON.stringify(what)}`);
      return { n: what.chunk === undefined ? result('{"do":"none"}') : 0, bytes: 0 };
    }
    at++;
    moves = step.moves ?? [];
    if (!step.answer) {
      return { n: 0, bytes: 0 };
    }
    const timer = step.timer_in_ms ? { timer_at: now + step.timer_in_ms } : {};
    return { n: result(JSON.stringify({ ...step.answer, ...timer })), bytes: 1 };
  }

  return {
    memory,
    _initialize() {},
    abi_version: () => 3,
    buffer: () => 8, // no buffer is at 0
    result: () => resultAt,
    policy: () => result('{"max_replay_bytes":16777216}'),
    session_new: () => 1,
    session_body: () => 0,
    session_event(_session: number, n: number) {
      const { what, attempt, status, now } = JSON.parse(decoder.decode(new Uint8Array(memory.buffer, 8, n)));
      return told({ on: what, attempt, status }, now).n;
    },
    session_chunk(_session: number, attempt: number, n: number, now: number) {
      return -told({ chunk: decoder.decode(new Uint8Array(memory.buffer, 8, n)), attempt }, now).n;
    },
    session_moves() {
      if (moves.length === 0) {
        return 0;
      }
      const numbers = [moves.length];
      let put = putAt;
      for (const move of moves) {
        const bytes = encoder.encode(move.put ?? "");
        new Uint8Array(memory.buffer).set(bytes, put);
        const kind = ["release", "drop", "put", "cut"].indexOf(move.do) + 1;
        numbers.push(kind, move.n ?? bytes.length, move.put === undefined ? (move.behind ?? 0) : put);
        put += bytes.length;
      }
      new Int32Array(memory.buffer, movesAt, numbers.length).set(numbers);
      return movesAt;
    },
    session_snapshot: () => result('{"state":"opening","attempt":1,"failures":0}'),
    session_ending: () => result("{}"),
    session_about: () => result("{}"),
    session_rewrite: () => result(script.rewrite ?? ""),
    session_free() {
      freed++;
    },
    input,
  } as unknown as WebAssembly.Exports;
}

/** The fetch that plays the script's attempts. */
function network(sent: Sent[], dropped: number[]): typeof fetch {
  return async (to, init = {}) => {
    const id = new Headers(init.headers).get("last-event-id");
    const body = init.body == null ? "" : await new Response(init.body).text();
    sent.push({ method: init.method ?? "GET", url: String(to), body, ...(id && { last_event_id: id }) });
    const number = sent.length;
    const { status, chunks = [], then } = script.network[Math.min(number, script.network.length) - 1]!;
    const drop = () => {
      if (!dropped.includes(number)) {
        dropped.push(number);
      }
    };
    if (then === "hang") {
      init.signal!.addEventListener("abort", drop);
    }
    if (status === undefined) {
      if (then === "refuse") {
        throw refused;
      }
      return new Promise((_, reject) => init.signal!.addEventListener("abort", () => reject(init.signal!.reason)));
    }
    const rest = chunks.map((chunk) => encoder.encode(chunk));
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = rest.shift();
        if (chunk) {
          controller.enqueue(chunk);
        } else if (then === "end") {
          controller.close();
        } else if (then === "break") {
          controller.error(new TypeError("terminated"));
        }
        // A pull that adds nothing is not repeated: the body hangs.
      },
      cancel() {
        if (then === "hang") {
          drop();
        }
      },
    });
    return new Response(status === 204 ? null : stream, { status });
  };
}

const refused = new TypeError("fetch failed");
const left = new Error("the caller left");

const ready = load(async () => fakeCore as never);

for (const each of scripts) {
  test(each.name, async () => {
    await ready;
    script = each;
    at = 0;
    wrong = [];
    freed = 0;
    const sent: Sent[] = [];
    const dropped: number[] = [];
    const abort = new AbortController();
    if (each.cancel_in_ms) {
      setTimeout(() => abort.abort(left), each.cancel_in_ms);
    }
    const got: Script["want"] = {};
    const awake = setInterval(() => {}, 1000); // an open attempt of the real network would keep Node.js alive
    try {
      const response = await createFetch({ fetch: network(sent, dropped) })("https://core.test/v1", {
        method: "POST",
        body: '{"stream":true}',
        signal: abort.signal,
      });
      got.status = response.status;
      got.body = "";
      const reader = response.body?.getReader();
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
        got.body += decoder.decode(piece.value, { stream: true });
      }
    } catch (error) {
      got.error =
        error === left
          ? "canceled"
          : error === refused
            ? "refused"
            : ((error as { reason?: string }).reason ?? `${error} ${(error as Error).cause}`);
    }
    clearInterval(awake);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(wrong, [], "the core got an event that it should not get");
    assert.equal(at, each.core.length, `the core did not get every event: ${got.error}`);
    const { requests, dropped: expected = [], ...seen } = each.want;
    assert.deepEqual(got, seen);
    if (requests) {
      assert.deepEqual(sent, requests);
    }
    assert.deepEqual(dropped, expected);
    assert.equal(freed, 1, "the session was not freed");
  });
}
