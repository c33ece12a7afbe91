import type { RecoverRequest, ResumeRequest } from "../api/options.js";
import type { Request as Facts, Resume } from "../engine/shapes.gen.js";
import { fill, makeBody } from "./body.js";
import { onAbort } from "./signal.js";

/** A request that can be sent again. */
export interface Replay {
  /** What the core needs to know about it. */
  facts: Facts;
  /** Its body, as far as the core may want to see it. It may be large: who asks need not keep it. */
  body(): Promise<Uint8Array>;
  notReplayable: boolean;
  /** The arguments of fetch, made again for each attempt. */
  again(): [RequestInfo | URL, RequestInit];
  /** The same as plain settings; for a resume, with its changes. `rewrite` makes the new body from the old one. */
  resumed(resume?: Partial<Resume>, rewrite?: (body: string) => string): Promise<[string, RequestInit]>;
  /** The request, for a hook that may return another one. */
  failed(): Promise<RecoverRequest>;
  /** A copy of this request with these changes. */
  changed(own: ResumeRequest): Promise<Replay>;
}

/** The facts of a request, with its whole body. */
export async function whole({ facts, body }: Replay): Promise<Facts> {
  return { ...facts, body: new TextDecoder().decode(await body()) };
}

/** How much of a Blob is read before it can be JSON, in bytes. */
const begin = 64 << 10;
/** A stream that pauses for so long, in ms, is sent as it comes, once: it may wait for the answer. */
const pause = 100;
const carried = [
  "cache",
  "credentials",
  "integrity",
  "keepalive",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
] as const;

/** All settings of fetch that a Request has. */
const settled = [...carried, "body", "duplex", "headers", "method", "signal"];

/**
 * The arguments of fetch as they are now. The caller may change them as soon as fetch
 * has returned, though the request is sent later, and perhaps again.
 */
export function taken(
  input: RequestInfo | URL,
  init: RequestInit | null | undefined,
): [RequestInfo | URL, RequestInit] {
  const own: Record<string, unknown> = { ...init };
  for (const name of settled) {
    // Inherited ones count, too: a Request can stand for settings, and has nothing of its own.
    const value = name in own ? undefined : (init as typeof own | undefined)?.[name];
    if (value !== undefined) {
      own[name] = value;
    }
  }
  if (isObject(own.headers)) {
    own.headers = copyOfHeaders(own.headers as HeadersInit);
  }
  if (isObject(own.body)) {
    own.body = copyOfBody(own.body);
  }
  if (isRequestObject(input)) {
    // A body in the settings takes the place of the Request's own, which then is left alone.
    const copy = own.body == null ? new Request(input) : withoutBody(input, String(own.method ?? input.method));
    return [copy, own];
  }
  return [input instanceof URL ? input.href : input, own];
}

/** A copy of a Request that leaves its body alone. */
const withoutBody = (request: Request, method: string) => new Request(request, { method, body: new Uint8Array() });

const isObject = (x: unknown): x is object => typeof x === "object" && x !== null;

const isRequestObject = (input: unknown): input is Request => typeof Request === "function" && input instanceof Request;

/** In the form in which they were given, for a fetch that is not the runtime's own. */
function copyOfHeaders(headers: HeadersInit): HeadersInit {
  if (headers instanceof Headers) {
    return new Headers(headers);
  }
  return (headers as string[][])[Symbol.iterator]
    ? Array.from(headers as [string, string][], ([...pair]) => pair as [string, string])
    : { ...headers };
}

/** Also of another realm. What is not copied cannot be changed. */
function copyOfBody(body: object): object {
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength));
  }
  if (body instanceof URLSearchParams) {
    return new URLSearchParams(body);
  }
  if (body instanceof FormData && Symbol.iterator in body) {
    const copy = new FormData();
    for (const [name, value] of body) {
      copy.append(name, value);
    }
    return copy;
  }
  return isBuffer(body) ? body.slice(0) : body;
}

const isBuffer = (body: unknown): body is ArrayBuffer => isObject(body) && "byteLength" in body && "slice" in body;

/**
 * Makes a request replayable. Its arguments must be {@link taken}. Strings, buffers, Blobs, forms and parameters
 * are sent again unchanged, and a Request is cloned. A stream is read into
 * memory up to `limit` bytes; one that is longer, or pauses, can be sent only once.
 */
export async function replayable(
  input: RequestInfo | URL,
  init: RequestInit = {},
  signal: AbortSignal | null | undefined,
  limit: () => number,
): Promise<Replay> {
  let request = isRequestObject(input) ? input : undefined;
  const url = request?.url ?? absolute(String(input));
  const method = String(init.method ?? request?.method ?? "GET");
  const headers = new Headers(init.headers ?? request?.headers);
  const own = { ...init };
  let known: unknown = own.body;
  let rest = false;
  if (isStream(own.body)) {
    if ("getReader" in own.body && !("duplex" in own)) {
      // Throws where fetch refuses a stream without `duplex`.
      new Request("http://localhost/", { method: "POST", body: new ReadableStream() });
    }
    const read = await readUpTo(limit(), own.body, signal);
    known = read.known;
    rest = read.rest !== undefined;
    own.body = read.rest ?? read.known;
  } else if (known == null && request?.body && !isMedia(headers.get("content-type") ?? "")) {
    // However long: its body may be a string, which the runtime can send again at no cost.
    const read = readUpTo(Infinity, request.clone().body!, signal);
    const { body } = request;
    read.catch((error) => body.cancel(error)).catch(() => {}); // its source ends when both copies are canceled
    const all = await read;
    known = all.known;
    if (all.rest) {
      rest = true;
      Object.assign(own, { body: all.rest, duplex: "half" });
      request = withoutBody(request, method);
      body.cancel().catch(() => {}); // else it would keep all that is sent
    }
  }
  const replay: Replay = {
    facts: { method, url, headers: Object.fromEntries(headers), ...redirectOf(init, request) },
    body: () => bytesOf(known),
    notReplayable: rest,
    again: () => [request ? request.clone() : input, own],
    async resumed(resume = {}, rewrite) {
      const next: RequestInit = { ...(request && settings(request)), ...own, method: resume.method ?? method, headers };
      if (resume.lastEventId) {
        next.headers = new Headers(headers);
        next.headers.set("last-event-id", resume.lastEventId);
      }
      if (resume.noBody) {
        delete next.body;
      } else if (own.body == null && request?.body) {
        next.body = await request.clone().arrayBuffer();
      }
      if (resume.rewrite) {
        next.body = rewrite!(await new Response(next.body).text());
      }
      return [resume.url ?? url, next];
    },
    async failed() {
      const [url, { method = "GET", headers, body }] = await replay.resumed();
      return { url, method, headers: new Headers(headers), text: () => new Response(body).text() };
    },
    async changed(own) {
      const [to, how] = overlay(await replay.resumed(), own);
      return replayable(to, how, signal, limit);
    },
  };
  return replay;
}

/** Applies the caller's own changes to the request of a resume. */
export function overlay(
  [url, init]: [RequestInfo | URL, RequestInit],
  own: ResumeRequest,
): [RequestInfo | URL, RequestInit] {
  const { url: other, ...rest } = own;
  return [other ?? url, { ...init, ...rest }];
}

/** Whether a body can be read once only. */
export function isStream(body: unknown): body is ReadableStream<Uint8Array<ArrayBuffer>> {
  // Node.js also sends async iterables.
  return isObject(body) && ("getReader" in body || Symbol.asyncIterator in body);
}

/**
 * Reads a stream to its end; or, if it exceeds `limit` bytes or pauses, stops and
 * returns all of it as a stream again.
 */
async function readUpTo(
  limit: number,
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal | null | undefined,
): Promise<{ known: Blob; rest?: ReadableStream<Uint8Array<ArrayBuffer>> }> {
  const reader = new Response(stream).body!.getReader();
  const stop = (reason: unknown) => reader.cancel(reason);
  const abort = () => void stop(signal!.reason).catch(() => {});
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const ignoreAbort = onAbort(signal, abort);
  if (signal?.aborted) {
    abort();
  }
  let next: ReturnType<typeof reader.read> | undefined; // begun when the stream paused
  try {
    for (let size = 0; size <= limit && !next; ) {
      next = reader.read();
      const read = await within(pause, next);
      signal?.throwIfAborted();
      if (read?.done) {
        return { known: new Blob(pieces) };
      }
      if (read) {
        next = undefined;
        pieces.push(read.value);
        size += read.value.length;
      }
    }
  } finally {
    ignoreAbort();
  }
  const known = new Blob(pieces);
  const [rest, body] = makeBody(stop);
  // Copies: pushing detaches the buffer, which another piece may share.
  for (const piece of pieces) {
    body.push(piece.slice());
  }
  void fill(body, () => {
    const read = next ?? reader.read();
    next = undefined;
    return read;
  });
  return { known, rest };
}

/** The result of a promise, or undefined if it is pending after so many ms. */
function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    promise.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

/** Whether a body of this type may be large, and cannot be JSON. */
function isMedia(type: string): boolean {
  return /^(multipart|audio|video|image)/i.test(type);
}

/**
 * A body as bytes, if it can be the JSON of a chat request. A Blob may be a large file:
 * only its beginning is read, unless that can be JSON.
 */
async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body instanceof Blob) {
    const start = await body.slice(0, begin).text();
    return /^\s*[[{]/.test(start) ? new Uint8Array(await body.arrayBuffer()) : new Uint8Array();
  }
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  }
  if (isBuffer(body)) {
    return new Uint8Array(body);
  }
  return body == null ? new Uint8Array() : new TextEncoder().encode(String(body)); // as fetch sends any other object
}

function redirectOf(init: RequestInit, request: Request | undefined): Facts {
  const redirect = init.redirect ?? request?.redirect;
  return redirect ? { redirect } : {};
}

/** The settings of a Request, other than its URL, method, headers and body. */
function settings(request: Request): RequestInit {
  return Object.fromEntries(carried.map((name) => [name, request[name]]));
}

function absolute(url: string): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
  } catch {
    return url; // fetch will report what is wrong with it
  }
}
