import type { Kind, Verdict } from "../engine/shapes.gen.js";

/**
 * The texts of `<retry-status>`. The property `texts` replaces some or all of
 * them: the others stay English. Those that contain a value are functions, so
 * that a language's plurals and word order fit.
 */
export interface Texts {
  /**
   * By a failure's kind, or more precisely by its verdict's `rule`; those left out keep the engine's texts. In them
   * {who} stands for whose failure it is, and {wait} for how long the server asked to wait.
   */
  failures: Readonly<{ [kind in Kind]?: FailureText } & { [rule: string]: FailureText | undefined }>;
  /** What {who} stands for if the provider's name is unknown. */
  who: Readonly<Record<"provider" | NonNullable<Verdict["party"]>, string>>;
  /** The title of a failure without a title. */
  failed: string;
  /** The title when a failure cut an answer short. */
  interrupted(title: string): string;
  /** The title after Stop. */
  stopped: string;
  /** Under `stopped`, where a part of the answer was received. */
  kept: string;
  /** The title while there is no connection. */
  offline: string;
  /** Under `offline`. */
  offlineMessage: string;
  /** A limit holds the request back; `before` requests go first, where that is known. */
  held(before?: number): string;
  /** The next request is on its way. */
  retrying(attempt: number): string;
  /** 15 s have passed without a first token. */
  slow: string;
  /** Beside the countdown: the number of the next request. */
  attempt(attempt: number): string;
  /** The countdown. */
  retryingIn(seconds: number): string;
  /** The same, for a screen reader. */
  sayRetryingIn(seconds: number): string;
  /** Instead of a countdown over 90 s. */
  retryingAt(time: Date, leftMs: number): string;
  /** How long the server asked to wait, formatted by `duration`. */
  asked(duration: string): string;
  /** A time span in words. */
  duration(ms: number): string;
  /** Beside the title: the HTTP status. */
  status(code: number): string;
  /** The link to the provider's status page. */
  statusPage: string;
  /** The banner's name, for a screen reader. */
  label: string;
  /** The button that ends a wait. */
  retryNow: string;
  /** The button that ends the request. */
  stop: string;
  /** The button that makes the request again, after a failure or a stop. */
  retry: string;
}

/** The texts of a failure. */
export interface FailureText {
  readonly title?: string;
  readonly message?: string;
}

const aDay = 86_400_000;

/** A duration in its two largest units: "1 h 30 min". */
function duration(ms: number): string {
  let seconds = Math.ceil(ms / 1000);
  const parts: string[] = [];
  for (const [unit, size] of Object.entries({ d: 86_400, h: 3600, min: 60, s: 1 })) {
    const n = Math.floor(seconds / size);
    seconds -= n * size;
    if (n > 0) {
      parts.push(`${n} ${unit}`);
    } else if (parts.length > 0) {
      break; // "1 h 5 s" would claim to be exact
    }
  }
  return parts.slice(0, 2).join(" ");
}

/** A time of day, and the day where it is not within 24 hours. */
function clock(time: Date, leftMs: number): string {
  const day = leftMs < aDay ? {} : ({ month: "short", day: "numeric" } as const);
  return time.toLocaleString([], { ...day, hour: "2-digit", minute: "2-digit" });
}

/** The English words. */
export const texts: Texts = {
  failures: {},
  who: {
    provider: "The AI provider",
    server: "The server",
    proxy: "A proxy on the way",
    firewall: "A firewall on the way",
  },
  failed: "Request failed",
  interrupted: (title) => `Interrupted: ${title}`,
  stopped: "Stopped",
  kept: "What was received so far stays.",
  offline: "Waiting for connection",
  offlineMessage: "This device is offline. The request goes on as soon as it is back.",
  held: (before = 0) => `Waiting for the rate limit${before > 0 ? `, ${before} before you` : ""}`,
  retrying: (attempt) => `Retrying… (attempt ${attempt})`,
  slow: "The response is taking longer than usual",
  attempt: (attempt) => `attempt ${attempt}`,
  retryingIn: (seconds) => `Retrying in ${seconds} s`,
  sayRetryingIn: (seconds) => `Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`,
  retryingAt: (time, leftMs) => `Retrying at ${clock(time, leftMs)}`,
  asked: (duration) => `The server asks to wait ${duration}.`,
  duration,
  status: (code) => `HTTP ${code}`,
  statusPage: "The provider's status page",
  label: "Request",
  retryNow: "Retry now",
  stop: "Stop",
  retry: "Retry",
};
