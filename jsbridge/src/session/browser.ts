// Only pages and their workers have these: a network flag, and sleep. Node.js,
// Deno, Bun and Workers have no navigator.onLine.

/** Whether this is a page, or a worker of one. */
export const inBrowser = () => typeof globalThis.navigator?.onLine === "boolean";

/**
 * Whether each incoming request has a context of its own, whose timers, streams
 * and promises no other request may touch: Workers cancel requests that do.
 * They are detected by their user agent (Cloudflare Workers, Web standards: navigator).
 */
export const apart = () => globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** Whether the browser believes it is offline. */
export const isOffline = () => globalThis.navigator?.onLine === false;

/**
 * Listens for the network going online or offline and for the end of a sleep,
 * until the returned function is called.
 */
export function watch(network: (what: "online" | "offline") => void, woke: () => void): () => void {
  const targets: [EventTarget, string][] = [];
  if (inBrowser()) {
    targets.push([globalThis, "online"], [globalThis, "offline"], [globalThis, "pageshow"]);
    if (typeof document === "object") {
      targets.push([document, "visibilitychange"], [document, "resume"]);
    }
  }
  const listener = ({ type }: Event) => (type === "online" || type === "offline" ? network(type) : woke());
  for (const [target, type] of targets) {
    target.addEventListener(type, listener);
  }
  return () => {
    for (const [target, type] of targets) {
      target.removeEventListener(type, listener);
    }
  };
}
