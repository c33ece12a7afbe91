import { head, headersOf } from "./classify.js";
import type { ResumeRequest } from "./options.js";
import type { Request as Facts, Resume } from "./wire.gen.js";

/** A request that can be sent again. */
export interface Replay {
  /** What the core has to know of it. */
  facts: Facts;
  signal: AbortSignal | null | undefined;
  notReplayable: boolean;
  /** The arguments of fetch, anew for each attempt. */
  again(): [RequestInfo | URL, RequestInit];
  /** The same for the rest of an answer. `rewrite` makes the new body from the old one. */
  resumed(resume: Resume, rewrite: (body: string) => string): Promise<[string, RequestInit]>;
}

const sample = 32 << 10;
const maxSample = 1 << 20;

/**
 * Makes a request replayable. Strings, buffers, Blobs, forms and parameters
 * are sent again as they are, and a Request is cloned. A stream is read into
 * memory up to `limit` bytes; a longer one can be sent only once.
 */
export async function replayable(
  input: RequestInfo | URL,
  init: RequestInit = {},
  limit: () => number,
): Promise<Replay> {
  const request = typeof Request === "function" && input instanceof Request ? input : undefined;
  let body: unknown = init.body;
  let once = false;
  if (isStream(body)) {
    [body, once] = await readAll(body, limit());
  }
  const own = { ...init, ...(body != null && { body: body as BodyInit }) };
  const url = request?.url ?? absolute(String(input));
  const method = init.method ?? request?.method ?? "GET";
  const headers = new Headers(init.headers ?? request?.headers);

  return {
    facts: {
      method,
      url,
      headers: headersOf(headers),
      body: await ends(body ?? (request?.body && isText(headers) ? request.clone().body : undefined)),
    },
    signal: init.signal !== undefined ? init.signal : request?.signal,
    notReplayable: once,
    again: () => [request ? request.clone() : input, own],
    async resumed(resume, rewrite) {
      const next: RequestInit = { ...(request && settings(request)), ...own, method: resume.method ?? method };
      const changed = new Headers(headers);
      if (resume.last_event_id) {
        changed.set("last-event-id", resume.last_event_id);
      }
      next.headers = changed;
      if (resume.no_body) {
        delete next.body;
      } else if (resume.rewrite) {
        next.body = rewrite(await new Response((body as BodyInit | undefined) ?? request?.clone().body).text());
        changed.delete("content-length");
      } else if (body == null && request?.body) {
        next.body = await request.clone().arrayBuffer();
      }
      return [resume.suffix ? extend(url, resume.suffix) : url, next];
    },
  };
}

/** Lays a caller's own next request over that of a resume. */
export function overlay([url, init]: [string, RequestInit], own: ResumeRequest): [string, RequestInit] {
  const { url: other, ...rest } = own;
  return [other ?? url, { ...init, ...rest }];
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> {
  return typeof body === "object" && body !== null && ("getReader" in body || Symbol.asyncIterator in body);
}

/** Reads a stream to its end, or says that it can be sent only once and gives it back whole. */
async function readAll(
  source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  limit: number,
): Promise<[BodyInit, boolean]> {
  const reader = "getReader" in source ? source.getReader() : undefined;
  const iterator = reader ?? (source as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const next = (): Promise<{ done?: boolean | undefined; value?: Uint8Array | undefined }> =>
    "read" in iterator ? iterator.read() : iterator.next();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await next();
    if (done || !value) {
      return [new Blob(pieces), false];
    }
    pieces.push(typeof value === "string" ? new TextEncoder().encode(value) : new Uint8Array(value));
    size += value.length;
    if (size > limit) {
      break;
    }
  }
  const rest = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = pieces.shift();
      const { done, value } = piece ? { done: false, value: piece } : await next();
      if (done || !value) {
        controller.close();
      } else {
        controller.enqueue(value);
      }
    },
    cancel: (reason) => (reader ? reader.cancel(reason) : undefined),
  });
  return [rest, true];
}

function isText(headers: Headers): boolean {
  return /json|text|urlencoded/.test(headers.get("content-type") ?? "");
}

/** The first and the last of a text body, which tell whether a stream was asked for. */
async function ends(body: unknown): Promise<string> {
  if (typeof body === "string") {
    return body.length > 2 * sample ? body.slice(0, sample) + body.slice(-sample) : body;
  }
  if (body instanceof URLSearchParams) {
    return ends(String(body));
  }
  if (body instanceof ReadableStream) {
    return ends(await head(body, maxSample));
  }
  if (!body || body instanceof FormData) {
    return "";
  }
  const blob = new Blob([body as BlobPart]);
  return blob.size > 2 * sample
    ? (await blob.slice(0, sample).text()) + (await blob.slice(-sample).text())
    : blob.text();
}

/** What a Request carries besides its address, method, headers and body. */
function settings(request: Request): RequestInit {
  const { cache, credentials, integrity, keepalive, mode, redirect, referrer, referrerPolicy } = request;
  return { cache, credentials, integrity, keepalive, mode, redirect, referrer, referrerPolicy };
}

function absolute(url: string): string {
  try {
    return new URL(url, globalThis.location?.href).href;
  } catch {
    return url; // fetch will say what is wrong with it
  }
}

function extend(url: string, suffix: string): string {
  const at = new URL(url);
  const [path = "", query] = suffix.split("?");
  at.pathname += path;
  at.search = query ?? "";
  return at.href;
}
