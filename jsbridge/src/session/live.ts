import { apart, watch } from "./browser.js";

/** What other code may do to a running session. */
export interface Live {
  report(what: "online" | "offline" | "timer"): void;
  /** The session's time may have come: the page slept. */
  tick(): void;
  /** It may be the session's turn. It acts on that in a task of its own. */
  rouse(): void;
}

const live = new Map<number, Live>();
let last = 0;
let unwatch: (() => void) | undefined;

function all(act: (session: Live) => void): void {
  for (const session of [...live.values()]) {
    act(session);
  }
}

/** A name for a session. */
export function newId(): number {
  last++;
  return last;
}

export function enter(id: number, session: Live): void {
  live.set(id, session);
  unwatch ??= watch(
    (what) => all((s) => s.report(what)),
    () => all((s) => s.tick()),
  );
}

export function leave(id: number): void {
  live.delete(id);
  if (live.size === 0) {
    unwatch?.();
    unwatch = undefined;
  }
}

/** Wakes the sessions that the core names, and no others: there may be thousands. */
export function rouse(ids: readonly number[] = []): void {
  for (const id of ids) {
    live.get(id)?.rouse();
  }
}

/** Makes every session call the trapped module, and so fail. */
export function failAll(): void {
  if (!apart()) {
    queueMicrotask(() => all((s) => s.report("timer")));
  }
}
