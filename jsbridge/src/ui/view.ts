import type { Snapshot, Verdict } from "../engine/shapes.gen.js";
import { statusPages } from "./status-pages.js";

/** What a person can do. */
export type Action = "retryNow" | "stop" | "retry";

/** What is to be shown of a status. */
export interface View {
  tone: "waiting" | "opening" | "failed" | "stopped";
  title: string;
  message: string;
  detail?: string;
  /** Failures so far. */
  attempt?: number | undefined;
  /** When the wait ends, in ms since the epoch, if that is a valid date. */
  until?: number | undefined;
  /** The HTTP status, 0 for none. */
  status?: number;
  /** The provider's own page about its health. */
  link?: string | undefined;
  /** What a screen reader announces. It changes once per attempt, not per tick. */
  say: string;
  actions: Action[];
}

/** What a status does not tell. */
export interface ViewContext {
  /** A part of the answer is there to be read. */
  received?: boolean;
  /** The verdict on the last failure, where the status has the engine's own. */
  last?: Verdict | undefined;
}

/** Over this many seconds the time of day says more than a countdown. */
const countdownLimit = 90;
const late = "The response is taking longer than usual";

/** What to show for a status; undefined is nothing. It knows no page. */
export function view(status: Snapshot, { received = false, last }: ViewContext = {}): View | undefined {
  const { state, verdict } = status;
  switch (state) {
    case "waiting":
      return waiting(status);
    case "opening":
      return opening(status);
    case "failed":
    case "finished":
      // What was received of a blocked answer is all that there is.
      return verdict && failed(verdict, last, received && verdict.kind !== "content_policy");
    case "stopped":
      return {
        tone: "stopped",
        title: "Stopped",
        message: received ? "What was received so far stays." : (verdict?.message ?? ""),
        say: "Stopped",
        actions: ["retry"],
      };
    default:
      return undefined;
  }
}

function waiting({ retry, waitingFor, failures }: Snapshot): View {
  if (waitingFor === "connection") {
    return {
      tone: "waiting",
      title: "Waiting for connection",
      message: "This device is offline. The request goes on as soon as it is back.",
      attempt: failures,
      say: "Waiting for connection",
      actions: ["retryNow", "stop"],
    };
  }
  const until = Date.parse(retry?.retryingAt ?? "");
  const valid = !Number.isNaN(until);
  const title = retry?.title || "Request failed";
  const seconds = Math.ceil((retry?.delayMs ?? 0) / 1000);
  const amount = `${seconds} second${seconds === 1 ? "" : "s"}`;
  const when = seconds > countdownLimit && valid ? ` at ${clock(until)}` : seconds > 0 ? ` in ${amount}` : "";
  return {
    tone: "waiting",
    title,
    message: retry?.error ?? "",
    attempt: retry?.attempt,
    until: valid ? until : undefined,
    say: `${title}. Retrying${when}${retry?.attempt ? `, attempt ${retry.attempt}` : ""}.`,
    actions: ["retryNow", "stop"],
  };
}

function opening({ retry, failures, attempt, slow }: Snapshot): View | undefined {
  const again = failures > 0 || attempt > 1;
  if (!again && !slow) {
    return undefined;
  }
  return {
    tone: "opening",
    title: again ? `Retrying…${failures ? ` (attempt ${failures})` : ""}` : late,
    message: again ? (slow ? late : (retry?.error ?? "")) : "",
    say: slow ? late : "",
    actions: ["stop"],
  };
}

function failed(verdict: Verdict, last: Verdict | undefined, interrupted: boolean): View {
  const { kind, title = "Request failed", message = "", detail = "", status = 0, provider = "" } = verdict;
  return {
    tone: "failed",
    title: interrupted ? `Interrupted: ${title}` : title,
    message,
    detail: detail === message ? "" : detail,
    status,
    link: (last?.kind ?? kind) === "overloaded" ? statusPages[last?.provider ?? provider] : undefined,
    say: `${interrupted ? "Interrupted. " : ""}${title}. ${message}`,
    actions: ["retry"],
  };
}

/** The words of the countdown at a moment: "" when the wait has no valid end or is over. */
export function countdown(until: number | undefined, now: number): string {
  const left = (until ?? Number.NaN) - now;
  if (!(left > 0)) {
    return "";
  }
  return left > countdownLimit * 1000 ? `Retrying at ${clock(until!)}` : `Retrying in ${Math.ceil(left / 1000)} s`;
}

const clock = (time: number) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
