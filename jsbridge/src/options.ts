import type { Controller } from "./controller.js";
import type { ChatStreamRetry, Policy, Resume, Snapshot } from "./wire.gen.js";

type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;

/**
 * When to try again: the fields of `Policy` in camel case. A field that is
 * left out has its default; 0 turns a limit off.
 */
export type PolicyOptions = { [K in keyof Policy as Camel<K>]?: Policy[K] | undefined };

/** What every guarded operation can be told. */
export interface Options extends PolicyOptions {
  /** Is called when an attempt has failed and a wait begins. What it throws is reported as uncaught. */
  onRetry?: ((event: ChatStreamRetry) => void) | undefined;
  /** Is called whenever the state may have changed. */
  onStatus?: ((status: Snapshot) => void) | undefined;
  /** Is called with the name of a rule that speaks of the caller's set-up. Default: the console hears of it once. */
  onWarning?: ((rule: string) => void) | undefined;
  /** What a banner and its buttons need; one may serve many requests. */
  controller?: Controller | undefined;
  /** The provider's short name, where its address does not tell. */
  provider?: string | undefined;
  /** A status that was stored earlier, perhaps before a reload: the wait goes on where it was. */
  restore?: Snapshot | undefined;
}

/** The next request of a custom resume: what is left out is as in the first one. */
export interface ResumeRequest extends RequestInit {
  url?: string;
}

/** What `createFetch` and `stream` can be told. */
export interface FetchOptions extends Options {
  /** The fetch to use. Default: `globalThis.fetch` at the time of the call. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Makes the request for the rest of an answer, for `resume: "custom"`, which it implies. */
  resumeRequest?: ((resume: Resume) => ResumeRequest | PromiseLike<ResumeRequest>) | undefined;
}

/** The policy among the options, as the core knows it. It refuses names that it does not know. */
export function policyOf(options: FetchOptions): Policy {
  const policy: Record<string, unknown> = options.resumeRequest ? { after_commit: "resume", resume: "custom" } : {};
  for (const [name, value] of Object.entries(options)) {
    // A policy is words and numbers. Hooks and the like are the host's.
    if (value !== undefined && value !== Object(value) && name !== "provider") {
      policy[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
    }
  }
  return policy;
}
