const heard = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls listener when the signal is aborted, until the function that it
 * returns is called. However many listen, the signal has one listener: Node.js
 * takes more than ten for a leak, and says so.
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
