import type { Shared } from "../engine/shapes.gen.js";

// What only pages and their workers have: a network flag, sleep, and other
// tabs. Node.js, Deno, Bun and Workers have no navigator.onLine, and some of
// them stay alive for as long as a channel is open.

/** Whether this is a page, or a worker of one. */
export const inBrowser = () => typeof globalThis.navigator?.onLine === "boolean";

/**
 * Whether each request that is answered has a context of its own, whose timers,
 * streams and promises no other request may touch: Workers cancel those that
 * do. They say who they are (Cloudflare Workers, Web standards: navigator).
 */
export const apart = () => globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** Whether the browser believes to have no network. */
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

const name = "steadfetch";
let channel: BroadcastChannel | undefined;

/** Begins to hear what other tabs share, once and for good. */
export function hear(listener: (shared: Shared) => void): void {
  if (!channel && inBrowser() && typeof BroadcastChannel === "function") {
    channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => listener(data);
    // Test runners that play the browser inside Node.js would not end.
    (channel as { unref?: () => void }).unref?.();
  }
}

/** Tells other tabs. */
export function tell(shared: Shared): void {
  channel?.postMessage(shared);
}

/**
 * Takes the lock under which one tab at a time goes first in a bucket, and says
 * how to give it back; `undefined` says that another tab has it. Where there are
 * no locks, it is always free.
 */
export function lock(bucket: string, then: (release: (() => void) | undefined) => void): void {
  const locks = inBrowser() ? globalThis.navigator.locks : undefined;
  if (!locks) {
    then(() => {});
    return;
  }
  let asked = false;
  const decide = (release: (() => void) | undefined) => {
    asked = true;
    then(release);
  };
  locks
    .request(`${name}:${bucket}`, { ifAvailable: true }, (held) =>
      held ? new Promise<void>((release) => decide(release)) : decide(undefined),
    )
    .catch(() => asked || decide(() => {})); // opaque origins may take no locks
}
