// Plays scripts, one a line of JSON on standard input, through the package in Node.js, and writes a result a line. The clock jumps from one
// moment to the next: nothing waits.
import { createInterface } from "node:readline";

const clock = makeClock();
globalThis.setTimeout = clock.set;
globalThis.clearTimeout = clock.clear;
Date.now = clock.now;
const { createController, createFetch, RetryError, stream } = await import("../../jsbridge/dist/index.js");

const longest = 48 * 3600_000;
const together = 200;

/** A clock in virtual time. Of timers that are due together the first that was set is first. */
function makeClock() {
  const began = 1_795_000_000_000;
  let now = began;
  let last = 0;
  const heap = []; // by time, then by number
  const live = new Map();
  const before = (a, b) => a.at < b.at || (a.at === b.at && a.id < b.id);
  return {
    now: () => now,
    set(act, ms = 0, ...args) {
      last++;
      const timer = { id: last, at: now + Math.max(Math.floor(ms), 1), act, args, unref() {}, ref() {} };
      live.set(timer.id, timer);
      let i = heap.push(timer) - 1;
      for (let up = (i - 1) >> 1; i > 0 && before(heap[i], heap[up]); i = up, up = (i - 1) >> 1) {
        [heap[i], heap[up]] = [heap[up], heap[i]];
      }
      return timer;
    },
    clear(timer) {
      if (timer) {
        live.delete(timer.id);
      }
    },
    /** Lets the next timer be. False if there is none. */
    next() {
      while (heap.length > 0) {
        const timer = heap[0];
        const end = heap.pop();
        if (heap.length > 0) {
          heap[0] = end;
          for (let i = 0; ; ) {
            let least = i;
            for (const child of [2 * i + 1, 2 * i + 2]) {
              if (child < heap.length && before(heap[child], heap[least])) {
                least = child;
              }
            }
            if (least === i) {
              break;
            }
            [heap[i], heap[least]] = [heap[least], heap[i]];
            i = least;
          }
        }
        if (live.delete(timer.id)) {
          now = timer.at;
          timer.act(...timer.args);
          return true;
        }
      }
      return false;
    },
  };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const enough = new Error("the caller has enough");

/** The bodies that are under way: as a socket does, they live though nobody but their reader knows of them. */
const sockets = new Set();

/** The part of an answer that a request names, for the rest of it: by an id, a number, or the text so far. */
function after(lastId, url, body) {
  const number = /starting_after=(\d+)/.exec(url)?.[1];
  const { messages, contents } = typeof body === "string" ? JSON.parse(body) : {};
  const turns = messages ?? contents ?? [];
  const { content, parts } = turns.length > 2 ? turns.at(-2) : {};
  const text = typeof content === "string" ? content : (content ?? parts)?.map(({ text }) => text).join("");
  return lastId || number || text || "";
}

/** What the attempt sends to whom has all up to a part. */
function rest({ parts, back = 0, stop, chunk }, has) {
  const start = Math.max((has ? 1 + parts.findIndex(({ key }) => key === has) : 0) - back, 0);
  const bytes = Buffer.concat(
    parts.filter(({ head }, i) => head || i >= start).map(({ bytes }) => Buffer.from(bytes, "base64")),
  ).subarray(0, stop);
  const pieces = [];
  for (let at = 0; at < bytes.length; at += chunk) {
    pieces.push({ bytes: bytes.subarray(at, at + chunk).toString("base64") });
  }
  return pieces;
}

/** The provider's end: a fetch. */
function wire(script, result) {
  const began = Date.now();
  return (url, { signal, headers, body: sent }) =>
    new Promise((resolve, reject) => {
      const has = after(new Headers(headers).get("last-event-id"), String(url), sent);
      if (has) {
        result.resumed++;
      }
      const n = result.opened.push(Date.now() - began) - 1;
      result.answered.push(-1);
      const last = script.attempts.length - 1;
      const a = script.attempts[n] ?? (script.forever ? script.attempts[last] : { status: 418 });
      let abort = reject;
      const listener = () => abort(signal.reason);
      signal.addEventListener("abort", listener, { once: true });
      if (signal.aborted) {
        listener();
      }
      if (a.mute) {
        return;
      }
      const answer = () => {
        if (signal.aborted) {
          return;
        }
        result.answered[n] = Date.now() - began;
        if (a.refused) {
          signal.removeEventListener("abort", listener);
          reject(Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } }));
          return;
        }
        result.open++;
        let closed = false;
        const close = () => {
          result.open -= closed ? 0 : 1;
          closed = true;
          sockets.delete(body);
          signal.removeEventListener("abort", listener);
        };
        const pieces = a.parts ? rest(a, has) : (a.pieces ?? []);
        let i = 0;
        let due = Date.now(); // of the next piece: the provider sends, whether or not somebody reads
        const body = new ReadableStream(
          {
            start(c) {
              abort = (reason) => {
                close();
                c.error(reason);
              };
            },
            async pull(c) {
              const piece = pieces[i++];
              if (piece) {
                due += piece.after_ms ?? 0;
                if (due > Date.now()) {
                  await sleep(due - Date.now());
                }
                if (!closed) {
                  c.enqueue(Uint8Array.from(Buffer.from(piece.bytes, "base64")));
                }
              } else if (a.end === "hang") {
                await new Promise(() => {});
              } else {
                close();
                if (a.end === "reset") {
                  c.error(Object.assign(new TypeError("terminated"), { cause: { code: "UND_ERR_SOCKET" } }));
                } else {
                  c.close();
                }
              }
            },
            cancel: close,
          },
          { highWaterMark: 0 },
        );
        sockets.add(body);
        resolve(new Response(body, { status: a.status, headers: a.headers }));
      };
      if (a.after_ms) {
        setTimeout(answer, a.after_ms);
      } else {
        answer();
      }
    });
}

async function play(script) {
  const result = { seed: script.seed, opened: [], answered: [], retries: [], events: [], open: 0, resumed: 0 };
  const began = Date.now();
  const controller = createController();
  const abort = new AbortController();
  const timers = (script.acts ?? []).map(({ at_ms: at, what }) =>
    setTimeout(() => (what === "abort" ? abort.abort(enough) : controller[what]()), at),
  );
  timers.push(setTimeout(() => abort.abort(new Error("hung")), longest));
  const policy = Object.fromEntries(Object.entries(script.policy).map(([name, value]) => [camel(name), value]));
  const options = {
    ...policy,
    controller,
    fetch: wire(script, result),
    onRetry: ({ attempt, delayMs }) => result.retries.push({ attempt, delay_ms: delayMs }),
    onWarning() {},
  };
  const init = { method: "POST", headers: script.headers, body: script.body, signal: abort.signal };
  let reads = 0;
  const hasEnough = async () => {
    reads++;
    const pause = (script.reads.every_ms ?? 0) + (reads === 1 ? (script.reads.pause_ms ?? 0) : 0);
    if (pause) {
      await sleep(pause);
    }
    return reads === script.reads.leave_after;
  };
  const fail = (error) => {
    result.end =
      error === enough ? "aborted" : abort.signal.aborted && error === abort.signal.reason ? "hung" : "error";
    result.error = String(error);
    result.kind = error instanceof RetryError ? error.reason : "";
  };
  result.end = "done";
  const url = `https://api.example.com${script.path}`;
  const chunks = [];
  try {
    if (script.client === "stream") {
      for await (const event of stream(url, init, options)) {
        if (event.type === "reset") {
          result.events = [];
        } else if (event.type === "message") {
          result.events.push({ Event: event.event, Data: event.data, ID: event.id ?? "" });
        } else if (event.type === "error") {
          fail(event.error);
        }
        if (await hasEnough()) {
          result.end = "left";
          break;
        }
      }
    } else {
      const response = await createFetch(options)(url, init);
      result.status = response.status;
      const reader = response.body?.getReader();
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) {
          break;
        }
        chunks.push(value);
        if (await hasEnough()) {
          result.end = "left";
          await reader.cancel();
          break;
        }
      }
    }
  } catch (error) {
    fail(error);
  }
  result.bytes = Buffer.concat(chunks).toString("base64");
  result.ms = Date.now() - began;
  timers.forEach(clearTimeout);
  await sleep(1000); // whoever is to let go has done so
  return result;
}

/** Plays some scripts together. */
async function batch(scripts) {
  const left = new Set(scripts);
  const results = scripts.map(async (script) => {
    const result = await play(script);
    left.delete(script);
    return result;
  });
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (left.size === 0 || !clock.next()) {
      break;
    }
  }
  if (left.size > 0) {
    throw new Error(`not even an abort ends the streams of the seeds ${[...left].map(({ seed }) => seed)}`);
  }
  for (const result of await Promise.all(results)) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

let scripts = [];
for await (const line of createInterface(process.stdin)) {
  if (scripts.push(JSON.parse(line)) === together) {
    await batch(scripts);
    scripts = [];
  }
}
await batch(scripts);
