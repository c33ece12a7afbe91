import type { Snapshot, Verdict } from "../engine/shapes.gen.js";
import { providers } from "./providers.gen.js";
import { texts as english, type Texts } from "./texts.js";

/** What a person can do. */
export type Action = "retryNow" | "stop" | "retry";

/** What to show of a status. An empty text is not shown. */
export interface View {
  tone: "waiting" | "opening" | "failed" | "stopped";
  title: string;
  message: string;
  /** How long the server asked to wait, where that ended the retrying. */
  asked: string;
  /** The provider's own words. */
  detail: string;
  /** The number of the next request, or of the one in flight; undefined for the first, which repeats nothing. */
  attempt?: number | undefined;
  /** The HTTP status. */
  status?: number | undefined;
  /** The provider's status page. */
  link: string;
  /** When the wait ends, in ms since the epoch, if that is a valid date. */
  until?: number | undefined;
  /** How long the wait is as a whole, in ms: what a progress bar is measured by. */
  delayMs?: number | undefined;
  /** What a screen reader announces. It changes once per attempt, not per tick. */
  say: string;
  actions: readonly Action[];
}

/** What a status does not contain. */
export interface ViewContext {
  /** Whether a part of the answer is on the page. */
  received?: boolean | undefined;
  /** Texts other than the English ones. */
  texts?: Partial<Texts> | undefined;
}

const nothing = { title: "", message: "", asked: "", detail: "", link: "", say: "" };
/** Over this many ms the time of day says more than a countdown. */
const countdownLimit = 90_000;

/** What to show for a status; undefined is nothing. It uses no page and no clock. */
export function view(status: Snapshot, context: ViewContext = {}): View | undefined {
  const texts = { ...english, ...context.texts };
  const { received = false } = context;
  const { state, verdict, last } = status;
  switch (state) {
    case "waiting":
      return waiting(status, texts);
    case "opening":
      return opening(status, texts);
    case "failed":
    case "finished":
      return verdict && failed(verdict, last, received, texts);
    case "stopped":
      return {
        ...nothing,
        tone: "stopped",
        title: texts.stopped,
        message: received ? texts.kept : "",
        say: texts.stopped,
        actions: ["retry"],
      };
    default:
      return undefined;
  }
}

function waiting(status: Snapshot, texts: Texts): View {
  const { retry, waitingFor } = status;
  const request = Math.max(status.attempt, status.failures) + 1;
  const attempt = request > 1 ? request : undefined;
  const shared = { ...nothing, tone: "waiting", attempt } as const;
  if (waitingFor === "connection") {
    const title = texts.offline;
    return { ...shared, title, message: texts.offlineMessage, say: title, actions: ["retryNow", "stop"] };
  }
  const until = Date.parse(retry?.retryingAt ?? "");
  const delayMs = retry && retry.delayMs > 0 ? retry.delayMs : 0;
  // If a person has to end the wait, there is no time to count down to.
  const wait = Number.isNaN(until) || waitingFor === "person" ? {} : { until, delayMs };
  if (waitingFor === "cooldown" || retry?.attempt === 0) {
    // Held by a limit that another request met. The number before it changes too often to be announced.
    return { ...shared, ...wait, title: texts.held(retry?.before), message: "", say: texts.held(), actions: ["stop"] };
  }
  const title = titleOf(retry, texts);
  // The page cannot end a server's wait.
  const actions: Action[] = waitingFor === "server" ? ["stop"] : ["retryNow", "stop"];
  const when = wait.delayMs ? spoken(until, delayMs, texts) : "";
  return {
    ...shared,
    ...wait,
    title,
    message: messageOf(retry?.error, retry, texts),
    say: sentences(when ? title : "", listed(when || title, attempt ? texts.attempt(attempt) : "")),
    actions,
  };
}

function opening(status: Snapshot, texts: Texts): View | undefined {
  const { retry, slow } = status;
  // A person may have ended the wait, which resets the count of failures but not of requests.
  const request = Math.max(status.attempt, status.failures + 1);
  if (request > 1) {
    return {
      ...nothing,
      tone: "opening",
      attempt: request,
      title: texts.retrying(request),
      message: slow ? texts.slow : messageOf(retry?.error, retry, texts),
      say: slow ? texts.slow : "",
      actions: ["stop"],
    };
  }
  return slow ? { ...nothing, tone: "opening", title: texts.slow, say: texts.slow, actions: ["stop"] } : undefined;
}

function failed(verdict: Verdict, last: Verdict | undefined, received: boolean, texts: Texts): View {
  const message = messageOf(verdict.message, verdict, texts);
  const name = titleOf(verdict, texts);
  const detail = verdict.detail && verdict.detail !== message && verdict.detail !== name ? verdict.detail : "";
  const cause = last ?? verdict;
  const wait = verdict.retryAfterMs ?? last?.retryAfterMs ?? 0;
  const duration = wait > 0 ? texts.duration(wait) : "";
  const told = !duration || `${message} ${detail}`.includes(duration);
  // A blocked answer does not continue.
  const title = received && verdict.kind !== "content_policy" ? texts.interrupted(name) : name;
  const asked = told ? "" : texts.asked(duration);
  return {
    ...nothing,
    tone: "failed",
    title,
    message,
    asked,
    detail,
    status: verdict.status || undefined,
    link: cause.kind === "overloaded" ? (known(cause.provider ?? "")?.[1] ?? "") : "",
    say: sentences(title, message, asked),
    actions: ["retry"],
  };
}

/** What is known about a failure: a verdict has more than a retry event. */
type Cause = Partial<Pick<Verdict, "kind" | "rule" | "title" | "provider" | "party" | "retryAfterMs">>;

function titleOf(cause: Cause = {}, texts: Texts): string {
  return own("title", cause, texts) ?? cause.title ?? texts.failed;
}

function messageOf(message = "", cause: Cause = {}, texts: Texts): string {
  return own("message", cause, texts) ?? message;
}

/** The page's own texts for a failure. */
function own(which: "title" | "message", cause: Cause, texts: Texts): string | undefined {
  const { rule = "", kind = "", provider = "", party, retryAfterMs = 0 } = cause;
  const text = texts.failures[rule]?.[which] ?? texts.failures[kind]?.[which];
  const who = party ? texts.who[party] : (known(provider)?.[0] ?? texts.who.provider);
  return text?.replaceAll("{who}", who).replaceAll("{wait}", texts.duration(retryAfterMs));
}

function sentences(...parts: string[]): string {
  return parts
    .filter(Boolean)
    .map((part) => (/\p{P}$/u.test(part) ? part : `${part}.`))
    .join(" ");
}

const listed = (...parts: string[]) => parts.filter(Boolean).join(", ");

/** When the wait ends, as announced once: for the whole wait, not for what is left of it. */
const spoken = (until: number, delayMs: number, texts: Texts) =>
  delayMs > countdownLimit
    ? texts.retryingAt(new Date(until), delayMs)
    : texts.sayRetryingIn(Math.ceil(delayMs / 1000));

const known = (provider: string) => (Object.hasOwn(providers, provider) ? providers[provider] : undefined);

/** The words of the countdown at a moment: "" when the wait has no valid end or is over. */
export function countdown(until: number | undefined, now: number, own?: Partial<Texts>): string {
  const texts = { ...english, ...own };
  const left = (until ?? Number.NaN) - now;
  if (!(left > 0)) {
    return "";
  }
  return left > countdownLimit ? texts.retryingAt(new Date(until!), left) : texts.retryingIn(Math.ceil(left / 1000));
}
