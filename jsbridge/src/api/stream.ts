import { engine } from "../engine/module.js";
import type { ChatStreamRetry, Verdict } from "../engine/shapes.gen.js";
import { request } from "../net/request.js";
import { errorInfo } from "./classify.js";
import { RetryError } from "./error.js";
import type { FetchOptions } from "./options.js";
import { makeParser } from "./sse.js";

/** What a page gets to know of an answer. */
export type ChatStreamEvent =
  /** An event of the stream. An answer that is no stream comes as one message. */
  | { type: "message"; event: string; data: string; id: string }
  /** An attempt failed. The next one begins at `retry.retryingAt`. */
  | { type: "retry"; retry: ChatStreamRetry }
  /** The answer begins anew: drop what came so far. */
  | { type: "reset" }
  /** The request failed for good, or the provider refused to go on. Always the last event. */
  | { type: "error"; error: RetryError; verdict: Verdict };

/** What `stream` can be told. */
export interface StreamOptions extends FetchOptions {
  /** Ends the stream; the same as `init.signal`. */
  signal?: AbortSignal | undefined;
}

/**
 * Makes a request and gives what comes of it, one event after the other: the
 * messages of the answer, and what a page shows while an attempt is repeated.
 * A failure after output begins the answer anew, unless `afterCommit` says
 * otherwise.
 *
 * The request is made when the first event is asked for. Leaving the loop ends
 * it. It throws the caller's own reason after an abort, and errors of the set-up;
 * what the provider or the network does comes as an event.
 */
export async function* stream(
  input: Parameters<typeof globalThis.fetch>[0],
  init?: RequestInit,
  options: StreamOptions = {},
): AsyncGenerator<ChatStreamEvent, void, undefined> {
  const events: ChatStreamEvent[] = [];
  let over: { error?: unknown } | undefined;
  let wake: (() => void) | undefined; // set while the consumer waits
  let wanted: (() => void) | undefined;
  let leave = () => {};

  const push = (event: ChatStreamEvent) => {
    events.push(event);
    wake?.();
  };
  const end = (how: { error?: unknown }) => {
    over ??= how;
    wake?.();
  };
  const fail = (error: RetryError) => {
    push({ type: "error", error, verdict: error.verdict });
    end({});
  };
  const parser = () => makeParser((event) => push({ type: "message", ...event }));
  let parse = parser();

  request(input, options.signal ? { ...init, signal: options.signal } : init, options, true, (session) => {
    leave = () => session.report("abort");
    return {
      take: (bytes) => parse(bytes),
      demand: () =>
        wake
          ? undefined
          : new Promise((resolve) => {
              wanted = resolve;
            }),
      reset() {
        parse = parser();
        push({ type: "reset" });
      },
      wait({ retry }) {
        if (retry) {
          push({ type: "retry", retry });
        }
      },
      async pass(response, verdict, attempts, last) {
        if (verdict) {
          response.body?.cancel().catch(() => {});
          fail(new RetryError(verdict, attempts, last));
          return;
        }
        try {
          const data = await response.text();
          if (data) {
            push({ type: "message", event: "message", data, id: "" });
          }
          end({});
        } catch (error) {
          if (init?.signal?.aborted || options.signal?.aborted) {
            end({ error });
          } else {
            const verdict = engine().classify({ phase: "midstream", error: errorInfo(error) });
            fail(new RetryError(verdict, attempts, undefined, error));
          }
        }
      },
      finish(_, verdict, attempts) {
        parse();
        if (verdict) {
          fail(new RetryError(verdict, attempts));
        }
        end({});
      },
      fail(error, canceled) {
        if (error instanceof RetryError && !canceled) {
          fail(error);
        } else {
          events.length = 0; // an abort is heard at once
          end({ error });
        }
      },
    };
  }).catch((error: unknown) => end({ error }));

  try {
    for (;;) {
      const event = events.shift();
      if (event) {
        yield event;
      } else if (over) {
        if ("error" in over) {
          throw over.error;
        }
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
          wanted?.();
        });
        wake = undefined;
      }
    }
  } finally {
    leave();
  }
}
