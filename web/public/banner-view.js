// What the banner says, as a function of a controller's status. It knows no page.
import { statusPages } from "./status-pages.js";

/** Over this many seconds the time of day says more than a countdown. */
const countdownLimit = 90;

/**
 * The banner for a status, or null for none.
 *
 * tone: "waiting" | "opening" | "failed" | "stopped".
 * until: when the wait ends, in ms since the epoch, if it is a valid date.
 * say: what a screen reader announces. It changes once per attempt, not per tick.
 * actions: which of "retryNow", "stop", "retry" to offer.
 * `received` says that a part of the answer is there to be read; `last` is the verdict
 * on the last failure where the status has the engine's own.
 */
export function view(status, { received = false, last } = {}) {
  const { state, verdict } = status;
  switch (state) {
    case "waiting":
      return waiting(status);
    case "opening":
      return opening(status);
    case "failed":
    case "finished":
      return verdict ? failed(verdict, last, received && !blocked(verdict)) : null;
    case "stopped":
      return {
        tone: "stopped",
        title: "Stopped",
        message: received ? "What was received so far stays." : (verdict?.message ?? ""),
        say: "Stopped",
        actions: ["retry"],
      };
    default:
      return null;
  }
}

function waiting({ retry, waiting_for: waitingFor, failures }) {
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
  const until = Date.parse(retry?.retrying_at);
  const title = retry?.title || "Request failed";
  const seconds = Math.ceil((retry?.delay_ms ?? 0) / 1000);
  const when = seconds > countdownLimit ? ` at ${clock(until)}` : seconds > 0 ? ` in ${amount(seconds)}` : "";
  return {
    tone: "waiting",
    title,
    message: retry?.error ?? "",
    attempt: retry?.attempt,
    until: Number.isNaN(until) ? undefined : until,
    delay: retry?.delay_ms,
    say: `${title}. Retrying${when}${retry?.attempt ? `, attempt ${retry.attempt}` : ""}.`,
    actions: ["retryNow", "stop"],
  };
}

function opening({ retry, failures, attempt, slow }) {
  const again = failures > 0 || attempt > 1;
  if (!again && !slow) {
    return null;
  }
  const late = "The response is taking longer than usual";
  const number = failures ? ` (attempt ${failures})` : "";
  return {
    tone: "opening",
    title: again ? `Retrying…${number}` : late,
    message: slow && again ? late : (again && retry?.error) || "",
    say: slow ? late : "",
    actions: ["stop"],
  };
}

function failed(verdict, last, interrupted) {
  const { kind, title = "Request failed", message = "", detail = "", status = 0, provider = "" } = verdict;
  return {
    tone: "failed",
    title: interrupted ? `Interrupted: ${title}` : title,
    message,
    detail: detail === message ? "" : detail,
    status,
    link: (last?.kind ?? kind) === "overloaded" ? statusPages[provider] : undefined,
    say: `${interrupted ? "Interrupted. " : ""}${title}. ${message}`,
    actions: ["retry"],
  };
}

/** What was received of such an answer is all that there is. */
const blocked = ({ kind }) => kind === "content_policy";

/**
 * The words of the countdown at a moment: "" when the wait has no valid end or
 * is over. With `until` as the view has it.
 */
export function countdown(until, now) {
  const left = until - now;
  if (!(left > 0)) {
    return "";
  }
  return left > countdownLimit * 1000 ? `Retrying at ${clock(until)}` : `Retrying in ${Math.ceil(left / 1000)} s`;
}

const amount = (seconds) => `${seconds} ${seconds === 1 ? "second" : "seconds"}`;

const clock = (time) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
