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

/**
 * Makes a request replayable. Strings, buffers, Blobs, forms and parameters
 * are sent again unchanged, and a Request is cloned. A stream is read into
 * memory up to `limit` bytes; a longer one can be sent only once.
 */
export async function replayable(
  input: RequestInfo | URL,
  init: RequestInit = {},
  signal: AbortSignal | null | undefined,
  limit: () => number,
): Promise<Replay> {
  const request = typeof Request === "function" && input instanceof Request ? input : undefined;
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
  } else if (known == null && request?.body && !request.bodyUsed && isText(headers.get("content-type") ?? "")) {
    known = await request.clone().blob();
  }
  const replay: Replay = {
    facts: { method, url, headers: Object.fromEntries(headers), ...redirectOf(init, request) },
    body: () => bytesOf(known),
    notReplayable: rest,
    again: () => [request ? copyOf(request) : input, own],
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

function isStream(body: unknown): body is ReadableStream<Uint8Array<ArrayBuffer>> {
  // Node.js also sends async iterables.
  return typeof body === "object" && body !== null && ("getReader" in body || Symbol.asyncIterator in body);
}

/** Reads a stream to its end; or, if it exceeds `limit` bytes, stops and returns all of it as a stream again. */
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
  try {
    for (let size = 0; size <= limit; ) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) {
        return { known: new Blob(pieces) };
      }
      pieces.push(value);
      size += value.length;
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
  void fill(body, () => reader.read());
  return { known, rest };
}

/** A copy to send. If the body was already used, the error is fetch's own. */
function copyOf(request: Request): Request {
  return request.bodyUsed ? new Request(request) : request.clone();
}

function isText(type: string): boolean {
  return /json|text|urlencoded/.test(type);
}

/**
 * A body as bytes, if it can be the JSON of a chat request. Forms and parameters cannot. A Blob may be a large file:
 * only its beginning is read, unless that can be JSON.
 */
async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (typeof body === "string") {
    return new TextEncoder().encode(body);
  }
  if (body instanceof Blob) {
    const start = await body.slice(0, begin).text();
    return /^\s*[[{]/.test(start) ? new Uint8Array(await body.arrayBuffer()) : new Uint8Array();
  }
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  }
  return body instanceof ArrayBuffer ? new Uint8Array(body) : new Uint8Array();
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
