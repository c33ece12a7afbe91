import { AbiError, type Engine } from "../engine/abi.js";
import { ready } from "../engine/module.js";
import { type Body, makeBody } from "../net/body.js";
import { taken } from "../net/replay.js";
import { beneath, cameBack, fetchOf, remember, request } from "../net/request.js";
import { like } from "../net/response.js";
import { warn } from "../session/warn.js";
import { check } from "./check.js";
import { stopsOf } from "./controller.js";
import { type FetchOptions, fetchTypes } from "./options.js";

/**
 * Makes a fetch whose streams survive failures, for any SDK or for direct use.
 *
 * Its promise resolves when the answer has begun: with the response of the
 * attempt that brought it, which is the original one except for a body that was
 * watched. A failure before that is retried invisibly. After it, a failure that
 * cannot be repaired invisibly errors the body.
 *
 * An error response that is final resolves too, with its own status and body,
 * as with fetch; but where it asked for too long a wait, the text of its error
 * says so. Where there is no response the promise rejects with a `RetryError`,
 * and where the caller aborted with the reason of the signal.
 *
 * It does not see that an SDK retries a call by itself: turn that off
 * (`maxRetries: 0`).
 *
 * Where WebAssembly is not allowed and `init` was given no fallback, requests go
 * through unchanged, and a warning says so.
 */
export function createFetch(options: FetchOptions = {}): typeof globalThis.fetch {
  check("createFetch", options, fetchTypes);
  const all = { ...options, restore: undefined };
  let next = { ...options };
  const guarded: typeof globalThis.fetch = async (...args) => {
    const [input, init] = taken(...args);
    if (cameBack(init)) {
      const fetch = beneath(guarded); // else the two would call each other without end
      return fetch(input, init);
    }
    const stops = stopsOf(options.controller);
    const own = next;
    next = all; // only one request is restored
    let engine: Engine;
    try {
      engine = await ready();
    } catch (error) {
      if ((error as Error).cause instanceof AbiError) {
        throw error;
      }
      warn(options, "no_webassembly", undefined, `requests are not guarded: ${(error as Error).message}`);
      const fetch = fetchOf(options);
      return fetch(input, init);
    }
    return new Promise((resolve, reject) => {
      // Cleared when the caller has its response, so that this keeps nothing alive that the caller has dropped.
      let caller: { resolve: typeof resolve; reject: typeof reject } | undefined = { resolve, reject };
      const give = (response: Response) => {
        caller!.resolve(response);
        caller = undefined;
      };
      request(engine, input, init, own, false, stops, (session) => {
        let body: Body | undefined; // set once the caller has it
        let next: { body: Body; copy: Response; of: Response } | undefined;
        const prepare = (response: Response) => {
          const [stream, body] = makeBody(() => session.report("abort"));
          next = { body, copy: like(response, stream), of: response };
          return next;
        };
        const begin = (response: Response): Body => {
          if (!body) {
            const { body: first, copy } = next?.of === response ? next : prepare(response);
            next = undefined;
            body = first;
            body.given();
            give(copy);
          }
          return body;
        };
        return {
          // While there is nothing else to do, and where it is likely to be of use.
          reading: (response) => void (body ?? (response.ok && prepare(response))),
          take: (bytes, response) => begin(response).push(bytes),
          demand: () => body?.demand(),
          wait() {
            next = undefined; // thousands may wait
          },
          pass: give,
          finish(response) {
            begin(response).close();
            return undefined;
          },
          fail: (error, canceled) => (body ? body.error(error, canceled) : caller!.reject(error)),
        };
      }).catch((error) => caller?.reject(error));
    });
  };
  return remember(guarded, options);
}
