import { apart } from "./browser.js";

// Thousands of requests may begin, or be answered, at once. Each takes little,
// but all together would keep timers, other requests and a page's frames waiting.

/** For how long sessions go on before the event loop gets a turn, in ms. */
const slice = 30;
/** How many of those that wait go on then. */
const batch = 50;

/**
 * Makes what sessions ask before they take some time: it gives undefined where
 * one may go on at once, without an await in between, else a promise that
 * resolves when it may, first come, first served. `later` calls in another turn
 * of the event loop.
 */
export function makeTurns(now: () => number, later: (task: () => void) => void): () => Promise<void> | undefined {
  let began: number | undefined; // when the first one asked in this turn of the event loop
  let waiting: (() => void)[] = [];
  let gone = 0; // of waiting

  function next(): void {
    began = undefined;
    for (const end = Math.min(gone + batch, waiting.length); gone < end; gone++) {
      waiting[gone]!();
    }
    if (gone < waiting.length) {
      later(next);
    } else {
      waiting = [];
      gone = 0;
    }
  }

  return () => {
    const idle = waiting.length === 0;
    if (began === undefined) {
      began = now();
      if (idle) {
        later(next);
      }
    }
    if (idle && now() - began < slice) {
      return undefined;
    }
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  };
}

/** As they are before some test puts its own in their places. */
const { setImmediate, MessageChannel, performance } = globalThis as Partial<typeof globalThis> & {
  setImmediate?: (task: () => void) => unknown;
};
let channel: MessageChannel | undefined;

/** After the timers and messages that are due now. */
function soon(task: () => void): void {
  if (setImmediate) {
    try {
      setImmediate(task);
    } catch {
      setTimeout(task, 0); // Next.js's edge runtime has one that refuses
    }
  } else if (MessageChannel) {
    channel ??= new MessageChannel();
    // Test runners that play the browser inside Node.js would not end.
    (channel.port1 as { unref?: () => void }).unref?.();
    channel.port1.onmessage = task;
    channel.port2.postMessage(0);
  } else {
    setTimeout(task, 0);
  }
}

const ask = makeTurns(() => performance?.now() ?? 0, soon);

/** See {@link makeTurns}. Where no request may touch another's promises, each goes on at once. */
export const turn = (): Promise<void> | undefined => (apart() ? undefined : ask());
