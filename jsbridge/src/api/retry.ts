import { ready } from "../engine/module.js";
import type { Verdict } from "../engine/shapes.gen.js";
import { drive, type Host, type Session } from "../session/driver.js";
import { check } from "./check.js";
import { failureOf } from "./classify.js";
import { stopsOf } from "./controller.js";
import { RetryError } from "./error.js";
import { type Options, optionTypes, signalType } from "./options.js";

/** Options of `retry`. */
export interface RetryOptions extends Options {
  /** Ends the attempt and the retrying. */
  signal?: AbortSignal | null | undefined;
  /**
   * Is asked after each failure: true is worth another try, false is not, and
   * undefined leaves it to the verdict. The policy's limits hold in any case.
   */
  shouldRetry?: ((error: unknown, verdict: Verdict, attempt: number) => boolean | undefined) | undefined;
}

/** What the function that `retry` calls is given. */
export interface RetryAttempt {
  /** The number of this attempt, from 1. */
  attempt: number;
  /** Is aborted when the attempt is given up: by the caller, by `stop()`, or by a time-out of the policy. */
  signal: AbortSignal;
}

/**
 * Calls fn until it succeeds. It is for any function that returns a promise, and knows
 * failures by the errors that fn throws: those of fetch, of the SDKs, of Node.
 * An error may say itself whether it is `retryable`. An AbortError, while the
 * signal that fn was given lives, is a connection that broke.
 *
 * An error that is not worth another try is thrown unchanged. If the policy
 * ends the retrying, a `RetryError` is thrown, whose cause is the last error.
 * After an abort the reason of the signal is thrown, even if fn does not end.
 *
 * It sees nothing of what fn does, so there is no time-out unless the policy
 * sets `contentTimeoutMs` or `firstByteTimeoutMs`.
 */
export async function retry<T>(
  fn: (attempt: RetryAttempt) => T | PromiseLike<T>,
  options: RetryOptions = {},
): Promise<T> {
  check("retry", options, { ...optionTypes, ...signalType, shouldRetry: "function" });
  const stops = stopsOf(options.controller);
  const engine = await ready();
  return new Promise((resolve, reject) => {
    const { signal } = options;
    const makeHost = (session: Session): Host => {
      let current: AbortController | undefined;
      let result: T;
      let thrown: unknown;

      async function open(attempt: number): Promise<void> {
        const mine = new AbortController();
        current = mine;
        try {
          const value = await fn({ attempt, signal: mine.signal });
          if (current === mine) {
            result = value;
            session.report("success", { attempt });
          }
        } catch (error) {
          if (current === mine) {
            thrown = error;
            failed(error, attempt);
          }
        }
      }

      function failed(error: unknown, attempt: number): void {
        const failure = failureOf(error);
        try {
          const says = options.shouldRetry?.(error, engine.ask("classify", failure), attempt);
          if (says !== undefined) {
            failure.headers = { ...failure.headers, "x-should-retry": String(says) };
          }
        } catch (mistake) {
          thrown = mistake;
          session.report("abort");
          return;
        }
        session.report("failed", { attempt, failure });
      }

      return {
        open: ({ attempt = 0 }) => void open(attempt),
        drop() {
          const mine = current;
          current = undefined;
          mine?.abort(signal?.reason);
        },
        pass: () => resolve(result),
        finish() {
          resolve(result);
          return undefined;
        },
        fail({ verdict, attempt = 0, last }) {
          if (verdict!.kind === "canceled" && signal?.aborted) {
            reject(signal.reason);
          } else if (last || verdict!.kind === "stopped_by_user") {
            reject(new RetryError(verdict!, attempt, last, thrown));
          } else {
            reject(thrown);
          }
        },
        crash: reject,
      };
    };
    drive(engine, { contentTimeoutMs: 0, ...options }, { request: {} }, signal, makeHost, stops);
  });
}
