import type { Kind, Verdict } from "../engine/shapes.gen.js";

/**
 * Why a request failed for good. Its message is safe to show.
 */
export class RetryError extends Error {
  override readonly name = "RetryError";
  /** What ended the request: the failure's own kind, or the engine's, such as `attempts_exhausted`. */
  readonly reason: Kind;
  /** The failure, or the engine's own reason to give up. */
  readonly verdict: Verdict;
  /** The verdict on the last failure, where `verdict` is the engine's own. */
  readonly last: Verdict | undefined;
  /** How many attempts were made. */
  readonly attempts: number;

  /** `cause` is what the last attempt threw, if it threw. It is there to be read, and is not shown with the error. */
  constructor(verdict: Verdict, attempts: number, last?: Verdict, cause?: unknown) {
    super(verdict.message || verdict.title || verdict.kind);
    if (cause !== undefined) {
      // Consoles and loggers that write an error's properties do not call a getter: a transport's text may hold addresses and keys.
      Object.defineProperty(this, "cause", { get: () => cause, configurable: true });
    }
    this.reason = verdict.kind;
    this.verdict = verdict;
    this.last = last;
    this.attempts = attempts;
  }
}

/** Whether this is one, perhaps of another copy of this package: Node.js loads two where one program uses import and require(). */
export function isRetryError(x: unknown): x is RetryError {
  const { name, verdict } = (x ?? {}) as Partial<RetryError>;
  return x instanceof RetryError || (name === "RetryError" && typeof verdict?.retryable === "boolean");
}
