import { engine } from "../engine/module.js";
import type { Shared } from "../engine/shapes.gen.js";
import { inBrowser } from "./browser.js";
import { rouse } from "./live.js";

// Only pages and their workers have other tabs. Some other runtimes stay alive
// for as long as a channel is open.

const name = "steadfetch";
let channel: BroadcastChannel | undefined;

/** Starts listening to other tabs. Later calls do nothing. */
export function hear(): void {
  if (!channel && inBrowser() && typeof BroadcastChannel === "function") {
    channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => heard(data);
    // Test runners that simulate a browser in Node.js would not exit.
    (channel as { unref?: () => void }).unref?.();
  }
}

function heard(shared: Shared): void {
  let wake: readonly number[] | undefined;
  try {
    wake = engine().ask("share", shared).wake;
  } catch {
    return; // not ours
  }
  rouse(wake);
}

/** Sends this to the other tabs. */
export function tell(shared: Shared): void {
  channel?.postMessage(shared);
}

/** Lets one session, among all tabs, be the only one that probes a limit. */
export interface Probe {
  /** Asks whether this tab may go first. `then` is not called after `end`. */
  begin(bucket: string, then: (first: boolean) => void): void;
  /** The probe was answered, or the session does something else: another tab may go. */
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
 * Acquires the lock that lets one tab at a time go first in a bucket. `then` gets
 * the function that releases it, or `undefined` if another tab has it. Where
 * there are no locks, it is always free.
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
    .catch(() => asked || decide(() => {})); // opaque origins may not use locks
}
