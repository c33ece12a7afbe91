import { engine, ready } from "../engine/module.js";
import type { ChatStreamRetry, Ending, Verdict } from "../engine/shapes.gen.js";
import { taken } from "../net/replay.js";
import { request } from "../net/request.js";
import { follower, signalOf } from "../net/signal.js";
import { check } from "./check.js";
import { errorInfo } from "./classify.js";
import { stopsOf } from "./controller.js";
import { RetryError } from "./error.js";
import { type ChatStreamMessage, makeReader, readBody } from "./messages.js";
import { type FetchOptions, fetchTypes, signalType } from "./options.js";
import { makeQueue, type QueueIterator } from "./queue.js";
import { makeRelay, type Relay } from "./relay.js";

/** The events of a stream. */
export type ChatStreamEvent =
  | ChatStreamMessage
  /** An attempt failed. The next one begins at `retry.retryingAt`. */
  | { type: "retry"; retry: ChatStreamRetry }
  /** The answer starts over: drop what came so far. */
  | { type: "reset" }
  | ChatStreamFinish
  /** The request failed for good, or the provider refused to go on. Always the last event. */
  | { type: "error"; error: RetryError; verdict: Verdict };

/** The answer is complete. Always the last event. */
export interface ChatStreamFinish {
  type: "finish";
  /** Why it ended, where the provider tells: "length" is an answer that grew too long. */
  reason?: NonNullable<Ending["reason"]>;
  /** The tokens that the provider counted, where it tells: cached input and reasoning are among them. */
  usage?: { inputTokens: number; outputTokens: number };
}

/** Options of `stream`. */
export interface StreamOptions extends FetchOptions {
  /** Ends the stream, as `init.signal` does. */
  signal?: AbortSignal | null | undefined;
}

/** The events of a request. `return()` ends it at once, and so does leaving a loop. */
export type ChatStreamIterator = QueueIterator<ChatStreamEvent>;

/**
 * Makes a request and returns its events, one after the other: the
 * messages of the answer, and what a page shows while an attempt is repeated.
 * A failure after output starts the answer over, unless `afterCommit` says
 * otherwise.
 *
 * The request is made when the first event is asked for. It throws the caller's
 * own reason after an abort, and errors of the set-up; what the provider or the
 * network does comes as an event.
 */
export function stream(
  input: Parameters<typeof globalThis.fetch>[0],
  init: RequestInit = {},
  options: StreamOptions = {},
): ChatStreamIterator {
  check("stream", options, { ...fetchTypes, ...signalType });
  const theirs = signalOf(input, init);
  let abort: AbortController | undefined;
  let leave = () => {};
  let read: ReturnType<typeof makeReader> | undefined;
  let relay: Relay | undefined;
  let lent: (() => Ending) | undefined; // how a body that was passed unchanged ended
  const { iterator, push, end, clear, demand } = makeQueue<ChatStreamEvent>(begin, () => {
    free();
    abort?.abort();
  });

  function free(): void {
    leave();
    relay?.leave();
    read?.free?.();
  }

  function over(how: { error?: unknown }): void {
    free();
    end(how);
  }

  function finish({ reason, inputTokens = 0, outputTokens = 0 }: Ending): void {
    const usage = (inputTokens || outputTokens) && { inputTokens, outputTokens };
    push({ type: "finish", ...(reason && { reason }), ...(usage && { usage }) });
    over({});
  }

  function fail(error: RetryError): void {
    push({ type: "error", error, verdict: error.verdict });
    over({});
  }

  function begin(): void {
    ({ abort, leave } = follower(theirs, options.signal));
    const { signal } = abort;

    /** The answer ended as a failure. */
    function broke(error: unknown, attempts: number): Verdict | undefined {
      if (error instanceof RetryError) {
        fail(error); // a server's, relayed
        return error.verdict;
      }
      const verdict = engine().ask("classify", { phase: "midstream", error: errorInfo(error) });
      fail(new RetryError(verdict, attempts, undefined, error));
      return verdict;
    }

    const start = async () => {
      const [to, how] = taken(input, init);
      const stops = stopsOf(options.controller);
      return request(await ready(), to, { ...how, signal }, options, true, stops, (session) => ({
        take(bytes, _, events) {
          relay ??= makeRelay(push, session.relayed);
          read ??= makeReader(relay.push);
          read(bytes, events);
        },
        demand,
        reset() {
          read?.free?.();
          relay?.leave();
          read = relay = undefined;
          push({ type: "reset" });
        },
        wait({ retry }) {
          if (retry) {
            push({ type: "retry", retry });
          }
        },
        async lend(response) {
          lent = await readBody(response, push, demand);
        },
        pass(response, verdict, attempts, last) {
          response.body?.cancel().catch(() => {});
          fail(new RetryError(verdict!, attempts, last));
        },
        finish(_, verdict, attempts, ending) {
          read?.();
          if (verdict) {
            fail(new RetryError(verdict, attempts));
            return undefined;
          }
          try {
            finish(lent?.() ?? relay?.ending() ?? ending());
            return undefined;
          } catch (error) {
            return broke(error, attempts);
          }
        },
        fail(error, canceled) {
          if (error instanceof RetryError && !canceled) {
            fail(error);
          } else {
            clear(); // an abort ends it at once
            over({ error });
          }
        },
      }));
    };
    start().catch((error: unknown) => over({ error }));
  }

  return iterator;
}
