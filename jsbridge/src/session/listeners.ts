import { type Controlled, registryOf, safely } from "../api/controller.js";
import type { Options, RequestContext } from "../api/options.js";
import type { Engine } from "../engine/abi.js";
import type { Answer, Happened, Request } from "../engine/shapes.gen.js";
import { attempts } from "./attempts.js";
import { warn } from "./warn.js";

/** Tells the caller's callbacks and controller what becomes of a request. What nobody listens to, the core is not asked. */
export interface Listeners {
  /** The request, for those who are told of it. */
  describe(): RequestContext;
  happened(what: Partial<Happened>): void;
  /** The core has answered. */
  answered(answer: Answer): void;
  /** The attempt is being sent: not every one that the core asks for is, as another tab may go first. */
  sent(answer: Answer): void;
  /** The answer was acted on. */
  acted(answer: Answer, over: boolean): void;
}

export function makeListeners(
  engine: Engine,
  handle: number,
  options: Options,
  request: Request,
  session: Controlled,
): Listeners {
  const registry = registryOf(options.controller);
  const trace = options.onAttempt && attempts(options.onAttempt, options.provider);
  let about: Omit<RequestContext, "attempt"> | undefined;
  let attempt = 0;

  /** Of `retry` there is no request to be told. */
  function describe(): RequestContext {
    const { method, url } = request;
    about ??= { ...(url !== undefined && { method, url: url.replace(/[?#].*/s, "") }), ...engine.about(handle) };
    return { ...about, attempt };
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
    acted({ warning, retry }, over) {
      if (warning) {
        warn(options, warning, describe());
      }
      if (retry && options.onRetry) {
        safely(options.onRetry, retry, describe());
      }
      if (registry || options.onStatus) {
        const status = engine.snapshot(handle);
        registry?.set(session, status, over);
        safely(options.onStatus, status, describe());
      }
    },
  };
}
