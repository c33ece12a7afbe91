// One request of the table, as a client in Node.js sees it: what it gets, and when.
import { AsyncLocalStorage } from "node:async_hooks";
import { RetryError, stream } from "steadfetch";

/** When a client gives up that waits in vain. No case takes as long. */
const patience = 16_000;
/** How many requests are plainly too many. */
const enough = 12;
const gaveUp = new Error("gave up: nothing came, or the request was repeated without end");
const given = new WeakSet();
const counted = new AsyncLocalStorage();

// Whoever calls fetch calls it through this, so that its responses can be told from copies, and its calls be counted.
const bare = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const seen = counted.getStore();
  if (seen && ++seen.calls > enough) seen.giveUp();
  const response = await bare(input, init);
  given.add(response);
  return response;
};

/** What a text is sent as. */
const bodies = {
  text: (text) => text,
  bytes: (text) => new TextEncoder().encode(text),
  blob: (text) => new Blob([text]),
  params: (text) => new URLSearchParams(text),
  stream: (text) => new Blob([text]).stream(),
  async *pieces(text) {
    for (const piece of text.match(/.{1,9}/gs)) yield new TextEncoder().encode(piece);
  },
};

/** The arguments of fetch for a request of the table. */
function args({ method, path, url, headers, text, form, one_shot, object, init, as = "text" }, origin, signal) {
  const all = { method, signal, ...(Object.keys(headers ?? {}).length > 0 && { headers }) };
  const kind = one_shot ? "stream" : as;
  if (text !== undefined) {
    all.body = (bodies[kind] ?? bodies.text)(text);
  }
  if (kind === "stream" || kind === "pieces") {
    all.duplex = "half";
  }
  if (form) {
    all.body = new FormData();
    for (const [name, value, file] of form) {
      file ? all.body.append(name, new Blob([value]), file) : all.body.append(name, value);
    }
  }
  Object.assign(all, init);
  const address = as === "url" ? new URL(path, origin) : (url ?? origin + path);
  if (!object) {
    return [address, all];
  }
  const request = new Request(address, all);
  if (as === "spent") {
    request.text();
  }
  return [request];
}

/** An error as far as it must be the same, without the port, which differs. */
function plain(error, depth = 0) {
  if (error instanceof RetryError) {
    return { kind: error.verdict.kind, detail: `${error.verdict.detail ?? ""} ${error.message}` };
  }
  const { name, message, code, cause } = error ?? {};
  return {
    class: error?.constructor?.name,
    name,
    message: String(message).replaceAll(/:\d{4,5}\b/g, ""),
    code,
    ...(cause && depth < 3 && { cause: plain(cause, depth + 1) }),
  };
}

const ways = {
  async read(response, came) {
    const reader = response.body?.getReader();
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader.read()) came(piece.value);
  },
  async byob(response, came) {
    const reader = response.body.getReader({ mode: "byob" });
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(5));
      if (done) return;
      came(value);
    }
  },
  async leave(response, came) {
    const reader = response.body.getReader();
    came((await reader.read()).value);
    await reader.cancel("enough");
  },
  async pipe(response, came) {
    await response.body
      .pipeThrough(new TransformStream())
      .pipeTo(new WritableStream({ write: (piece) => came(piece) }));
  },
  async tee(response, came) {
    const [one, two] = response.body.tee();
    const [a, b] = await Promise.all([bytes(one), bytes(two)]);
    came(a);
    came(b);
  },
  async clone(response, came) {
    const copy = response.clone();
    const [a, b] = await Promise.all([response.arrayBuffer(), copy.arrayBuffer()]);
    came(new Uint8Array(a));
    came(new Uint8Array(b));
    came(new TextEncoder().encode(JSON.stringify(facts(copy))));
  },
  text: async (response, came) => came(new TextEncoder().encode(await response.text())),
  json: async (response, came) => came(new TextEncoder().encode(JSON.stringify(await response.json()))),
  blob: async (response, came) => {
    const blob = await response.blob();
    came(new TextEncoder().encode(blob.type));
    came(new Uint8Array(await blob.arrayBuffer()));
  },
  formData: async (response, came) => came(new TextEncoder().encode(JSON.stringify([...(await response.formData())]))),
};

const bytes = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());

function facts(response) {
  const { status, statusText, ok, type, redirected, url, headers, bodyUsed } = response;
  return {
    class: response.constructor.name,
    status,
    statusText,
    ok,
    type,
    redirected,
    url: url.replace(/^http:\/\/127\.0\.0\.1:\d+/, ""),
    headers: [...headers],
    bodyUsed,
    hasBody: response.body !== null,
  };
}

/** Sends the request, and says all that a caller can see of what comes. */
export async function see(send, { request, until, answers }, origin) {
  const { use = "read" } = request;
  const abort = new AbortController();
  const signal = use === "aborted" ? AbortSignal.abort() : use === "timeout" ? AbortSignal.timeout(1500) : abort.signal;
  const timers = [setTimeout(() => seen.giveUp(), patience)];
  const { wait, body } = answers?.at(-1) ?? {};
  const whole = (body ?? []).reduce((sum, piece) => sum + Buffer.from(piece.bytes ?? "", "base64").length, 0);
  const abortSoon = () => until && timers.push(setTimeout(() => abort.abort(), until));
  if (wait) abortSoon();
  const began = performance.now();
  const pieces = [];
  const arrivals = []; // [bytes so far, ms]
  let size = 0;
  const seen = { calls: 0, giveUp: () => abort.abort(gaveUp), arrivals };
  const came = (piece) => {
    pieces.push(piece.slice());
    size += piece.length;
    arrivals.push([size, performance.now() - began]);
    if (size === whole) abortSoon();
  };
  try {
    const response = await counted.run(seen, () => send(...args(request, origin, signal)));
    seen.headersAt = performance.now() - began;
    seen.own = given.has(response);
    seen.response = facts(response);
    if (whole === 0) abortSoon();
    await (ways[use] ?? ways.read)(response, came);
  } catch (error) {
    seen.error = error === gaveUp ? { message: gaveUp.message } : plain(error);
    seen.endedAt = performance.now() - began;
  }
  timers.forEach(clearTimeout);
  seen.bytes = Buffer.concat(pieces);
  return seen;
}

/** The same through `stream()`: the messages behind the last reset, and how it ended. */
export async function seeStream({ request, options }, origin) {
  const abort = new AbortController();
  const seen = { calls: 0, giveUp: () => abort.abort(gaveUp), messages: [], resets: 0 };
  const timer = setTimeout(seen.giveUp, patience);
  try {
    const [url, init] = args(request, origin, abort.signal);
    const events = counted.run(seen, () => stream(url, init, options));
    for await (const event of events) {
      if (event.type === "message") {
        seen.messages.push(event.data);
      } else if (event.type === "reset") {
        seen.messages = [];
        seen.resets++;
      } else if (event.type === "error") {
        seen.error = plain(event.error);
      }
    }
  } catch (error) {
    seen.error = plain(error);
  }
  clearTimeout(timer);
  return seen;
}
