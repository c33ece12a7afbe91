import {
  type About,
  type ChatStreamRetry,
  mostNumber,
  type Policy,
  policyTypes,
  type Resume,
  type Snapshot,
  type Verdict,
} from "../engine/shapes.gen.js";
import { isSignal } from "../net/signal.js";
import type { OptionTypes } from "./check.js";
import { type Controller, registryOf } from "./controller.js";

/**
 * When to try again: the fields of `Policy`. A field that is left out has its
 * default; 0 turns a limit off, and so does Infinity.
 */
export type PolicyOptions = { [K in keyof Policy]?: Policy[K] | undefined };

/**
 * One attempt that has ended, for a trace: set `attributes` on a span of its
 * `start` and `end`. They have the names of OpenTelemetry's semantic conventions
 * for HTTP clients and generative AI; what is not known is left out.
 */
export interface AttemptEvent {
  /** From 1. */
  attempt: number;
  /** When the request was opened, in ms since the Unix epoch. */
  start: number;
  /** When its outcome was known; for a stream, the end of the answer. */
  end: number;
  /** "retry": another attempt is to follow, though an abort may end the wait. "finish": the caller has the answer, or a response that is final; of `stream()`, which gives no responses, whatever fails is "fail". */
  outcome: "retry" | "finish" | "fail";
  /** The wait until the next attempt. */
  delayMs?: number;
  attributes: {
    /** GET, POST, … */
    "http.request.method"?: string;
    /** The host. */
    "server.address"?: string;
    /** The port. */
    "server.port"?: number;
    /** How often the request was repeated before. */
    "http.request.resend_count"?: number;
    /** The HTTP status. */
    "http.response.status_code"?: number;
    /** The failure's kind. */
    "error.type"?: string;
    /** The short name that verdicts carry. */
    "gen_ai.provider.name"?: string;
    /** The model that was asked for. */
    "gen_ai.request.model"?: string;
  };
}

/** Which request a callback is about. */
export interface RequestContext extends About {
  /** The attempt in force, from 1. */
  attempt: number;
  /** Left out for `retry`, as the next one is. */
  method?: string;
  /** Without its query, which may hold a key. */
  url?: string;
}

/**
 * Options of `createFetch`, `stream` and `retry`. What a callback throws, or rejects with,
 * disturbs no request: it is logged to the console once, and `onWarning` gets the rule "callback_failed".
 */
export interface Options extends PolicyOptions {
  /** Is called when an attempt has failed and a wait begins. */
  onRetry?: ((event: ChatStreamRetry, request: RequestContext) => void) | undefined;
  /** Is called whenever the state may have changed. */
  onStatus?: ((status: Snapshot, request: RequestContext) => void) | undefined;
  /** Is called when an attempt has ended, whatever its outcome, in the caller's asynchronous context. */
  onAttempt?: ((attempt: AttemptEvent, request: RequestContext) => void) | undefined;
  /**
   * Is called with the name of a rule about the caller's set-up, once for each
   * rule. Default: the console.
   */
  onWarning?: ((rule: string, request?: RequestContext) => void) | undefined;
  /** What a banner and its buttons need; one may serve many requests. */
  controller?: Controller | undefined;
  /** The provider's short name, where its address does not tell. */
  provider?: string | undefined;
  /**
   * A status that was stored earlier, perhaps before a reload: a wait goes on
   * where it was, and what had failed stays failed. It is for one request, the
   * first that is made.
   */
  restore?: Snapshot | undefined;
}

/** The next request of a custom resume: what is left out is as in the first one. */
export interface ResumeRequest extends RequestInit {
  url?: string;
}

/** The request that failed, for `recover`. */
export interface RecoverRequest {
  url: string;
  method: string;
  headers: Headers;
  /** Its body. */
  text(): Promise<string>;
}

/** Options of `createFetch` and `stream`. */
export interface FetchOptions extends Options {
  /**
   * Is asked before a failure ends the request or begins a wait, at most until it
   * has given three requests: for one that fares better, such as a fresh token
   * after a 401, another model, a shorter history. What it leaves out stays as it
   * was; undefined lets the failure take its course. After output, `createFetch` asks
   * no more, and `stream` starts the answer over.
   */
  recover?:
    | ((
        verdict: Verdict,
        request: RecoverRequest,
        context: RequestContext,
      ) => ResumeRequest | undefined | PromiseLike<ResumeRequest | undefined>)
    | undefined;
  /** The fetch to use. Default: `globalThis.fetch` at the time of the call. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Makes the request for the rest of an answer, for `resume: "custom"`, which it implies. */
  resumeRequest?: ((resume: Resume, context: RequestContext) => ResumeRequest | PromiseLike<ResumeRequest>) | undefined;
}

/** The option that `stream` and `retry` have, and `createFetch` has not. */
export const signalType: OptionTypes = { signal: { is: isSignal, name: "an AbortSignal" } };

/** What `createFetch`, `stream` and `retry` have in common. */
export const optionTypes: OptionTypes = {
  ...policyTypes,
  onRetry: "function",
  onStatus: "function",
  onAttempt: "function",
  onWarning: "function",
  controller: { is: registryOf, name: "a controller from createController()" },
  provider: "string",
  restore: "object",
};

/** What `createFetch` and `stream` have besides. */
export const fetchTypes: OptionTypes = {
  ...optionTypes,
  fetch: "function",
  recover: "function",
  resumeRequest: "function",
};

/** The policy among the options, as the core knows it. */
export function policyOf(options: FetchOptions): Policy {
  const policy: Record<string, unknown> = options.resumeRequest ? { afterCommit: "resume", resume: "custom" } : {};
  for (const name of Object.keys(policyTypes) as (keyof Policy)[]) {
    const value = options[name];
    if (value !== undefined) {
      policy[name] = typeof value === "number" ? Math.min(Math.ceil(value), mostNumber) : value;
    }
  }
  return policy;
}
