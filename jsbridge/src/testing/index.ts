/**
 * For the tests of programs that use this package, or any fetch: the errors of
 * providers as responses, and a fetch that plays a script of faults.
 *
 * @module
 */

/** A response with the status and `{"error":{"type":…,"message":…}}`, which Anthropic's errors have in common. */
export function anthropicErrorResponse(status: number, type: string, message: string): Response {
  return new Response(JSON.stringify({ error: { type, message } }), {
    status,
    headers: { "content-type": "application/json" },
  });
}

/** 529 overloaded_error, "Overloaded". */
export const anthropicOverloadedResponse = (): Response =>
  anthropicErrorResponse(529, "overloaded_error", "Overloaded");

/** 429 rate_limit_error, "Rate limited". */
export const anthropicRateLimitResponse = (): Response =>
  anthropicErrorResponse(429, "rate_limit_error", "Rate limited");

/** The same for OpenAI, whose errors have this part in common with Anthropic's. */
export const openaiErrorResponse: (status: number, type: string, message: string) => Response = anthropicErrorResponse;

/** 429 rate_limit_exceeded, "Rate limit exceeded". */
export const openaiRateLimitResponse = (): Response =>
  openaiErrorResponse(429, "rate_limit_exceeded", "Rate limit exceeded");

/** 500 server_error, "Internal server error". */
export const openaiServerErrorResponse = (): Response =>
  openaiErrorResponse(500, "server_error", "Internal server error");

/** An answer that can fail. */
export interface FaultyAnswer {
  /** Default: 200. */
  status?: number;
  /** Default: `content-type: text/event-stream`. */
  headers?: Record<string, string>;
  /** The chunks of the body, which ends after them unless the next two fields say otherwise. */
  chunks?: readonly (string | Uint8Array<ArrayBuffer>)[];
  /** Breaks the body after the chunks. */
  error?: Error;
  /** Nothing arrives after the chunks, not even the end. As the only field of a step: not even the headers. */
  stall?: boolean;
}

/** What one request gets: a response (good for one request), an error that fetch throws, or a faulty answer. */
export type FaultyStep = Response | Error | FaultyAnswer;

/** A request that was made. */
export interface FaultyRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
  /** When it was made, in ms since the Unix epoch. */
  time: number;
}

/** A fetch that records its requests. */
export interface FaultyFetch {
  (...args: Parameters<typeof globalThis.fetch>): Promise<Response>;
  readonly requests: readonly FaultyRequest[];
}

/**
 * Makes a fetch that needs no network: each request gets the next step. It
 * honours the signal of a request as fetch does. A request beyond the last step
 * gets a 400 that says so, which is not retried.
 */
export function faultyFetch(steps: readonly FaultyStep[]): FaultyFetch {
  const requests: FaultyRequest[] = [];
  const fetch = async (...[input, init]: Parameters<typeof globalThis.fetch>): Promise<Response> => {
    const request = input instanceof Request ? input : undefined;
    const signal = init?.signal ?? request?.signal;
    const time = Date.now();
    const body =
      init?.body != null ? await new Response(init.body).text() : request ? await request.clone().text() : "";
    const number = requests.push({
      url: request?.url ?? String(input),
      method: init?.method ?? request?.method ?? "GET",
      headers: Object.fromEntries(new Headers(init?.headers ?? request?.headers)),
      body,
      time,
    });
    signal?.throwIfAborted();
    const step = steps[number - 1];
    if (step instanceof Response) {
      return step;
    }
    if (step instanceof Error) {
      throw step;
    }
    if (!step) {
      const message = `faultyFetch has ${steps.length} steps, and this is request ${number}`;
      return openaiErrorResponse(400, "invalid_request_error", message);
    }
    const { status, headers, chunks, stall } = step;
    if (stall && status === undefined && !headers && !chunks) {
      return new Promise((_, reject) => {
        const close = stayOpen();
        whenAborted(signal, (reason) => {
          close();
          reject(reason);
        });
      });
    }
    return new Response(bodyOf(step, signal), {
      status: status ?? 200,
      headers: headers ?? { "content-type": "text/event-stream" },
    });
  };
  return Object.assign(fetch, { requests });
}

/** One chunk for each pull, since an error discards what is queued. */
function bodyOf(
  { chunks = [], error, stall }: FaultyAnswer,
  signal: AbortSignal | null | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  let forget = () => {};
  let close = () => {};
  return new ReadableStream(
    {
      start(controller) {
        forget = whenAborted(signal, (reason) => {
          close();
          controller.error(reason);
        });
      },
      pull(controller) {
        const chunk = chunks[at++];
        if (chunk !== undefined) {
          // A copy, since a reader may transfer the buffer.
          controller.enqueue(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk.slice());
          return;
        }
        if (stall && !error) {
          close = stayOpen();
          return;
        }
        forget();
        if (error) {
          controller.error(error);
        } else {
          controller.close();
        }
      },
      cancel() {
        forget();
        close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The longest wait of a timer (WHATWG HTML, timers: a signed 32-bit integer). */
const maxTimer = 2 ** 31 - 1;

/** Keeps Node.js alive, as an open connection does, until the function that it returns is called. */
function stayOpen(): () => void {
  const timer = setTimeout(() => {}, maxTimer);
  return () => clearTimeout(timer);
}

function whenAborted(signal: AbortSignal | null | undefined, act: (reason: unknown) => void): () => void {
  const listener = () => act(signal!.reason);
  signal?.addEventListener("abort", listener, { once: true });
  return () => signal?.removeEventListener("abort", listener);
}
