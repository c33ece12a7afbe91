import { engine, ready } from "../engine/module.js";
import type { ErrorInfo, Failure, Trail, Verdict } from "../engine/shapes.gen.js";
import { isRetryError } from "./error.js";

/** An object with unknown properties. */
type Loose = { readonly [key: string]: unknown };

const maxBody = 64 << 10;
const maxCauses = 8;

/**
 * Says at once whether a failure is worth another try. It accepts the facts of
 * a failure, or any error: one that fetch threw, one of an SDK's, a network
 * error with its causes.
 */
export function classify(failure: Failure | Error): Verdict {
  return isRetryError(failure) ? failure.verdict : engine().ask("classify", facts(failure));
}

/**
 * Explains how `classify` came to its verdict: the rules that were tried, and what
 * matched where. Its texts are not redacted: show them to developers only.
 */
export function explain(failure: Failure | Error): Trail {
  return engine().ask("explain", facts(failure));
}

/** The default wait in milliseconds before retry number `attempt`, from 0: 1000, 2000, 4000 … 60000. */
export function delay(attempt: number): number {
  return engine().delay(Number.isFinite(attempt) ? Math.min(attempt, 1e9) : attempt < 0 ? 0 : 1e9);
}

/** Classifies a response by its status, headers and body. It reads a clone, so the body stays yours. */
export async function classifyResponse(response: Response): Promise<Verdict> {
  const failure: Failure = {
    phase: "response",
    status: response.status,
    headers: headersOf(response.headers),
    url: response.url,
    now: Date.now(),
  };
  if (response.body && !response.bodyUsed) {
    failure.body = await head(response.clone().body!, maxBody).catch(() => "");
  }
  return (await ready()).ask("classify", failure);
}

/** Reads the first n bytes of a stream as text and cancels it. */
export async function head(stream: ReadableStream<Uint8Array>, n: number): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = "";
  for (let read = 0; read < n; ) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    read += value.length;
    text += decoder.decode(value, { stream: true });
  }
  reader.cancel().catch(() => {});
  return text;
}

/** Headers of any form as a plain object. */
export function headersOf(headers: unknown): Record<string, string> {
  const plain: Record<string, string> = {};
  if (headers && typeof headers === "object") {
    const pairs = Symbol.iterator in headers ? (headers as Iterable<[unknown, unknown]>) : Object.entries(headers);
    for (const [name, value] of pairs) {
      plain[String(name).toLowerCase()] = String(value);
    }
  }
  return plain;
}

/** A failure unchanged, or the facts of an error. */
function facts(failure: Failure | Error): Failure {
  // Errors of other realms, as in test runners, are not instances of ours.
  const isError = failure instanceof Error || /Error|Exception/.test(Object.prototype.toString.call(failure));
  return isError || isResponse(failure) ? failureOf(failure) : { now: Date.now(), ...(failure as Failure) };
}

/**
 * The facts of any thrown value. It judges nothing: it only knows where
 * SDKs and HTTP clients put the status, the headers and the body.
 */
export function failureOf(thrown: unknown): Failure {
  const failure: Failure = { error: errorInfo(thrown), foreign: true, now: Date.now() };
  asFarAsItCanBeRead(() => readFailure(thrown, failure));
  return failure;
}

/** Anything can be thrown: a getter or a proxy may throw itself. What was read before counts. */
function asFarAsItCanBeRead(read: () => void): void {
  try {
    read();
  } catch {
    // Theirs, and no failure of the request.
  }
}

function readFailure(thrown: unknown, failure: Failure): void {
  // The status may be the error's own, its response's, or that of what it wraps.
  let e: unknown = thrown;
  for (let depth = 0; depth < maxCauses && isObject(e); depth++) {
    if (isRetryError(e)) {
      failure.verdict = e.verdict; // it is final
      break;
    }
    // openai, @anthropic-ai/sdk, groq-sdk: status, headers, error. ai: statusCode, responseHeaders, responseBody.
    // Mistral: statusCode, headers, body. axios, gaxios: response.status, .headers, .data. got: response.statusCode,
    // .headers, .body. ky: response. AWS: $metadata.httpStatusCode.
    const response = object(e.response ?? e.rawResponse ?? (isResponse(e) ? e : undefined));
    const status =
      number(e.status) ??
      number(e.statusCode) ??
      number(response.status) ??
      number(response.statusCode) ??
      number(object(e.$metadata).httpStatusCode);
    const body = first(e.responseBody, e.body, wrapped(e.error), e.data, response.data, response.body);
    if (status !== undefined) {
      failure.phase = "response";
      failure.status = status;
      failure.headers = headersOf(e.headers ?? e.responseHeaders ?? response.headers);
      const url = e.url ?? response.url ?? object(e.config).url;
      if (typeof url === "string") {
        failure.url = url;
      }
    }
    if (body !== undefined) {
      failure.body = body.slice(0, maxBody);
    }
    if (status !== undefined || body !== undefined) {
      break;
    }
    e = inner(e);
  }
}

/** The facts of a thrown error and its causes. */
export function errorInfo(thrown: unknown, depth = 0): ErrorInfo {
  if (!isObject(thrown)) {
    return { message: String(thrown) };
  }
  const info: ErrorInfo = {};
  asFarAsItCanBeRead(() => readInfo(thrown, info, depth));
  return info;
}

function readInfo(thrown: Loose, info: ErrorInfo, depth: number): void {
  for (const key of ["name", "message", "code"] as const) {
    const value = thrown[key];
    if (typeof value === "string" || typeof value === "number") {
      info[key] = String(value);
    }
  }
  const says = thrown.retryable ?? thrown.isRetryable;
  if (typeof says === "boolean") {
    info.retryable = String(says);
  }
  const cause = inner(thrown);
  if (cause !== undefined && depth < maxCauses) {
    info.cause = errorInfo(cause, depth + 1);
  }
}

/** What an error wraps: its cause, the last try's error, or the first of several. */
function inner(e: Loose): unknown {
  return e.cause ?? e.lastError ?? (Array.isArray(e.errors) ? e.errors[0] : undefined);
}

function isObject(x: unknown): x is Loose {
  return typeof x === "object" && x !== null;
}

function isResponse(x: unknown): boolean {
  return typeof Response === "function" && x instanceof Response;
}

function object(x: unknown): Loose {
  return isObject(x) ? x : {};
}

function number(x: unknown): number | undefined {
  return typeof x === "number" && x > 0 ? x : undefined;
}

/** Restores the `{"error": …}` that an SDK has unwrapped. */
function wrapped(error: unknown): unknown {
  return isObject(error) && !("error" in error) && Object.getPrototypeOf(error) === Object.prototype
    ? { error }
    : error;
}

/** The first candidate that has text, or can be written as JSON. */
function first(...candidates: unknown[]): string | undefined {
  for (const x of candidates) {
    if (typeof x === "string" && x) {
      return x;
    }
    // Only what was parsed from JSON: no streams, buffers or errors.
    if (isObject(x) && (Array.isArray(x) || Object.getPrototypeOf(x) === Object.prototype)) {
      try {
        return JSON.stringify(x);
      } catch {
        // circular after all
      }
    }
  }
  return undefined;
}
