import type { Snapshot } from "../engine/shapes.gen.js";
import { running, safely } from "../session/warn.js";
import { check } from "./check.js";

/** What a banner and its buttons need. */
export interface Controller {
  /**
   * The state of the requests that use this controller. Of several in flight
   * it is that of the one that needs a person most: waiting before opening
   * before streaming, and of equals the one that changed last. With none in
   * flight it is how the last one ended, and before the first it is idle.
   *
   * It is plain data and does not change: store it, and give it back as
   * `restore` after a reload.
   */
  readonly status: Snapshot;
  /** Set, it makes every wait last until `retryNow()`. */
  manual: boolean;
  /** Ends the wait of every request that waits, and counts its failures from 0 again. Inside a callback it does nothing. */
  retryNow(): void;
  /** Ends every request. What was received stays; they fail with the reason `stopped_by_user`. */
  stop(): void;
  /** Calls listener after every change, until the function that it returns is called. */
  subscribe(listener: (status: Snapshot) => void): () => void;
}

/** Options of `createController`. */
export interface ControllerOptions {
  /** Every wait lasts until `retryNow()`. Default: false. It can be changed later. */
  manual?: boolean | undefined;
}

/** A session as its controller sees it. */
export interface Controlled {
  report(what: "retry_now" | "stop" | "manual" | "automatic"): void;
}

/** A controller as its sessions see it. */
export interface Registry {
  readonly manual: boolean;
  /** How often `stop()` was called: a request may be in preparation then, and has no session yet. */
  readonly stops: number;
  set(session: Controlled, status: Snapshot, over: boolean): void;
}

/** A running session, linked to those of the same urgency that changed before it and after it. */
interface Live {
  snapshot: Snapshot;
  rank: number;
  earlier: Live | undefined;
  later: Live | undefined;
}

/** A global symbol, since a program that uses import and require() loads this package twice. */
const registry = Symbol.for("steadfetch.registry");
/** The state that needs a person most comes first. */
const urgency: readonly (Snapshot["state"] | undefined)[] = ["waiting", "opening", "streaming", undefined];

/** Makes a controller. Give it to one request or to many, as the option `controller`. */
export function createController(options: ControllerOptions = {}): Controller {
  check("createController", options, { manual: "boolean" });
  let manual = options.manual ?? false;
  let stops = 0;
  let status: Snapshot = Object.freeze({ state: "idle", attempt: 0, failures: 0 });
  const listeners = new Set<(status: Snapshot) => void>();
  const live = new Map<Controlled, Live>();
  // For each urgency, the session that changed last. There may be thousands, and each changes often.
  const latest: (Live | undefined)[] = urgency.map(() => undefined);

  function leave(session: Controlled): void {
    const own = live.get(session);
    live.delete(session);
    if (own?.later) {
      own.later.earlier = own.earlier;
    } else if (own) {
      latest[own.rank] = own.earlier;
    }
    if (own?.earlier) {
      own.earlier.later = own.later;
    }
  }

  function enter(session: Controlled, snapshot: Snapshot): void {
    const at = urgency.indexOf(snapshot.state);
    const rank = at < 0 ? urgency.length - 1 : at;
    const own: Live = { snapshot, rank, earlier: latest[rank], later: undefined };
    if (own.earlier) {
      own.earlier.later = own;
    }
    latest[rank] = own;
    live.set(session, own);
  }

  const all: Controlled["report"] = (what) => {
    for (const session of [...live.keys()]) {
      session.report(what);
    }
  };
  const controller: Controller = {
    get status() {
      return status;
    },
    get manual() {
      return manual;
    },
    set manual(on) {
      if (on !== manual) {
        manual = on;
        all(on ? "manual" : "automatic");
      }
    },
    retryNow() {
      // A callback that always retries at once would have requests sent without end, and without a wait.
      if (running.count === 0) {
        all("retry_now");
      }
    },
    stop() {
      stops++;
      all("stop");
    },
    subscribe(listener) {
      const own = (s: Snapshot) => listener(s); // the same function may be subscribed twice
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
  };
  const sessions: Registry = {
    get manual() {
      return manual;
    },
    get stops() {
      return stops;
    },
    set(session, snapshot, over) {
      leave(session);
      if (!over) {
        enter(session, snapshot);
      }
      status = latest.find((one) => one)?.snapshot ?? snapshot;
      for (const listener of [...listeners]) {
        safely("a listener of subscribe()", {}, listener, status);
      }
    },
  };
  return Object.defineProperty(controller, registry, { value: sessions });
}

/** How often the controller was told to stop. */
export const stopsOf = (controller: unknown): number | undefined => registryOf(controller)?.stops;

/** The sessions' side of a controller. */
export function registryOf(controller: unknown): Registry | undefined {
  return (controller as { [registry]?: Registry } | undefined)?.[registry];
}
