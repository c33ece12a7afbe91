import { type Controlled, registryOf } from "../api/controller.js";
import type { Options, RequestContext } from "../api/options.js";
import type { Engine } from "../engine/abi.js";
import { frozen } from "../engine/names.js";
import type { Answer, Config, Happened, Snapshot, Verdict } from "../engine/shapes.gen.js";
import { attempts } from "./attempts.js";
import { safely, warn } from "./warn.js";

/** Reports a request to the caller's callbacks and controller. Asks the core only for what has a listener. */
export interface Listeners {
  /** The request, for callbacks. */
  describe(): RequestContext;
  happened(what: Partial<Happened>): void;
  /** The core has answered. */
  answered(answer: Answer): void;
  /** The attempt is being sent. Not every attempt that the core asks for is: another tab may go first. */
  sent(answer: Answer): void;
  /** The answer was acted on. A server that relays an answer may have reported a failure: `brought`. */
  acted(answer: Answer, over: boolean, brought?: Verdict): void;
  /** A server that relays the answer knows better how far it is; if undefined, no more. */
  relayed(better?: Partial<Snapshot>): void;
}

export function makeListeners(
  engine: Engine,
  handle: number,
  options: Options,
  { request, canReset = false }: Pick<Config, "request" | "canReset">,
  session: Controlled,
): Listeners {
  const registry = registryOf(options.controller);
  const trace = options.onAttempt && attempts(options, canReset);
  let about: Omit<RequestContext, "attempt"> | undefined;
  let attempt = 0;
  let latest = ""; // the status that was last reported

  /** With `retry` there is no request to describe. */
  function describe(): RequestContext {
    const { method, url } = request;
    about ??= { ...(url !== undefined && { method, url: url.replace(/[?#].*/s, "") }), ...engine.about(handle) };
    return { ...about, attempt };
  }

  /** Shows the state, with `better` in place of what the core knows. */
  function show(better: Partial<Snapshot> | undefined, over: boolean): void {
    if (registry || options.onStatus) {
      const status = engine.snapshot(handle);
      const shown = better ? frozen({ ...status, ...better }) : status;
      // A listener may press Retry now, which may change nothing.
      const text = JSON.stringify(shown);
      if (over || text !== latest) {
        latest = text;
        registry?.set(session, shown, over);
        safely("onStatus", options, options.onStatus, shown, describe());
      }
    }
  }

  return {
    describe,
    happened(what) {
      trace?.heard(what);
      if (what.request) {
        request = what.request;
        about = undefined;
      }
    },
    answered(answer) {
      attempt = answer.attempt ?? attempt;
      trace?.answered(answer, describe());
    },
    sent: (answer) => trace?.opened(answer, describe()),
    acted({ warning, retry }, over, verdict) {
      if (warning) {
        warn(options, warning, describe());
      }
      if (retry && options.onRetry) {
        safely("onRetry", options, options.onRetry, retry, describe());
      }
      show(verdict && { state: "failed", verdict }, over);
    },
    relayed: (better) => show(better, false),
  };
}
