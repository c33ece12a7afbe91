import { engine } from "../engine/module.js";
import type { Shared } from "../engine/shapes.gen.js";
import { inBrowser } from "./browser.js";
import { rouse } from "./live.js";

// Only pages and their workers have other tabs. Some other runtimes stay alive
// for as long as a channel is open.

const name = "steadfetch";
let channel: BroadcastChannel | undefined;

/** Begins to listen to other tabs, once and for good. */
export function hear(): void {
  if (!channel && inBrowser() && typeof BroadcastChannel === "function") {
    channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => heard(data);
    // Test runners that play the browser inside Node.js would not end.
    (channel as { unref?: () => void }).unref?.();
  }
}

function heard(shared: Shared): void {
  let wake: readonly number[] | undefined;
  try {
    wake = engine().share(shared).wake;
  } catch {
    return; // not ours
  }
  rouse(wake);
}

/** Tells other tabs. */
export function tell(shared: Shared): void {
  channel?.postMessage(shared);
}

/** A session's way to be the only one, among tabs, that tries a limit. */
export interface Probe {
  /** Asks whether this tab may go first. Nothing is answered once `end` was called. */
  begin(bucket: string, then: (first: boolean) => void): void;
  /** The limit has answered, or the session wants something else: another tab may go. */
  end(): void;
}

export function makeProbe(): Probe {
  let latest = 0;
  let release: (() => void) | undefined;
  return {
    begin(bucket, then) {
      const mine = ++latest;
      lock(bucket, (free) => {
        if (mine === latest) {
          release = free;
          then(free !== undefined);
        } else {
          free?.();
        }
      });
    },
    end() {
      latest++;
      release?.();
      release = undefined;
    },
  };
}

/**
 * Takes the lock under which one tab at a time goes first in a bucket, and says
 * how to give it back; `undefined` says that another tab has it. Where there are
 * no locks, it is always free.
 */
function lock(bucket: string, then: (release: (() => void) | undefined) => void): void {
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
