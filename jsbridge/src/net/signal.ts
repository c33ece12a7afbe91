const heard = new WeakMap<AbortSignal, Set<() => void>>();

/** Whether this can be used as a signal: one from another realm can, and so can `null`, which means no signal. */
export function isSignal(x: unknown): x is AbortSignal | null {
  const { aborted, addEventListener } = (x ?? {}) as Partial<AbortSignal>;
  return x === null || (typeof aborted === "boolean" && typeof addEventListener === "function");
}

/** The signal of a request, with the arguments of fetch. */
export function signalOf(input: RequestInfo | URL, init: RequestInit | undefined): AbortSignal | null | undefined {
  // The input may be undefined: fetch throws then.
  const signal = init?.signal !== undefined ? init.signal : (input as Partial<Request> | undefined)?.signal;
  if (signal !== undefined && !isSignal(signal)) {
    throw new TypeError("steadfetch: signal must be an AbortSignal");
  }
  return signal;
}

/**
 * Calls listener when the signal is aborted, until the returned function is
 * called. The signal itself has only one listener, however many there are here:
 * Node.js warns of a leak if there are more than ten.
 */
export function onAbort(signal: AbortSignal | null | undefined, listener: () => void): () => void {
  if (!signal) {
    return () => {};
  }
  const all = heard.get(signal) ?? new Set();
  heard.set(signal, all);
  if (all.size === 0) {
    signal.addEventListener("abort", tell);
  }
  all.add(listener);
  return () => {
    if (all.delete(listener) && all.size === 0) {
      signal.removeEventListener("abort", tell);
    }
  };
}

function tell(this: AbortSignal): void {
  for (const listener of [...(heard.get(this) ?? [])]) {
    listener();
  }
}

/** A controller that is aborted when one of the signals is, until `leave` is called. */
export function follower(...signals: (AbortSignal | null | undefined)[]): {
  abort: AbortController;
  leave: () => void;
} {
  const abort = new AbortController();
  const leaves = signals.map((signal) => {
    if (signal?.aborted) {
      abort.abort(signal.reason);
    }
    return onAbort(signal, () => abort.abort(signal!.reason));
  });
  return {
    abort,
    leave() {
      for (const leave of leaves) {
        leave();
      }
    },
  };
}
