import { fill, makeBody } from "./body.js";
import { onAbort } from "./signal.js";
import { weak, whenGone } from "./weak.js";

/** An attempt whose response the caller gets. */
interface Opened {
  abort: AbortController;
  response?: Response;
  reader?: ReadableStreamDefaultReader<Uint8Array> | undefined;
  next?: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
}

const shown = ["status", "ok", "statusText", "url", "redirected", "type"] as const;

/** A response that is like another one except for its body. */
export function like(original: Response, body: BodyInit | null): Response {
  const copy = (made: Response): Response => {
    // The constructor accepts no URL, no type and no status above 599.
    for (const name of shown) {
      Object.defineProperty(made, name, { value: original[name], configurable: true });
    }
    const clone = made.clone;
    return Object.defineProperty(made, "clone", { value: () => copy(clone.call(made)), configurable: true });
  };
  return copy(new Response(body, { headers: original.headers }));
}

/**
 * The attempt's own response, for the caller to keep: the same object if none
 * of it was read, else one like it whose body is `bytes` and the unread rest.
 * The caller's signal still ends it.
 */
export function handOver(
  attempt: Opened,
  bytes: Uint8Array | undefined,
  signal: AbortSignal | undefined | null,
): Response {
  const { abort, response, reader } = attempt;
  if (!reader) {
    if (response!.body) {
      follow(signal, abort, [response!, response!.body]);
    }
    return response!;
  }
  const [stream, body] = makeBody((reason) => {
    unfollow();
    return reader.cancel(reason);
  });
  const unfollow = follow(signal, abort, [stream]);
  body.given();
  if (bytes) {
    body.push(bytes);
  }
  void fill(body, () => {
    const read = attempt.next ?? reader.read();
    attempt.next = undefined;
    return read;
  }).then(unfollow);
  return like(response!, stream);
}

// Like AbortSignal.any, but without its leaks in older runtimes: the caller's
// signal, which may be long-lived, keeps no response alive.
const alive = new WeakMap<object, AbortController>();

/** Aborts the controller when the signal is aborted, as long as one of the keepers is in use. */
function follow(signal: AbortSignal | undefined | null, abort: AbortController, keepers: object[]): () => void {
  const target = weak(abort);
  const unfollow = onAbort(signal, () => target.deref()?.abort(signal!.reason));
  for (const keeper of keepers) {
    alive.set(keeper, abort);
  }
  whenGone(abort, unfollow, abort);
  return unfollow;
}
