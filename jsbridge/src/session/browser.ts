// What only pages and their workers have: a network flag, and sleep. Node.js,
// Deno, Bun and Workers have no navigator.onLine.

/** Whether this is a page, or a worker of one. */
export const inBrowser = () => typeof globalThis.navigator?.onLine === "boolean";

/**
 * Whether each request that is answered has a context of its own, whose timers,
 * streams and promises no other request may touch: Workers cancel those that
 * do. They say who they are (Cloudflare Workers, Web standards: navigator).
 */
export const apart = () => globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** Whether the browser believes it is offline. */
export const isOffline = () => globalThis.navigator?.onLine === false;

/**
 * Listens for the network's comings and goings and for the end of a sleep,
 * until the function that it returns is called.
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
