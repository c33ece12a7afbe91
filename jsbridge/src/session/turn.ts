import { apart } from "./browser.js";

// Thousands of requests may begin, or be answered, at once. Each needs little time,
// but all together would delay timers, other requests and a page's frames.

/** How long sessions run before the event loop gets a turn, in ms. */
const slice = 30;
/** How many waiting sessions continue in each turn after that. */
const batch = 50;

/**
 * Makes the function that sessions call before they do work: it returns undefined
 * if the session may continue at once, without an await, else a promise that
 * resolves when it may, first come, first served. `later` calls its argument in
 * another turn of the event loop.
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

/** The originals, saved before a test replaces them. */
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
      setTimeout(task, 0); // Next.js's edge runtime has one that throws
    }
  } else if (MessageChannel) {
    channel ??= new MessageChannel();
    // Test runners that simulate a browser in Node.js would not exit.
    (channel.port1 as { unref?: () => void }).unref?.();
    channel.port1.onmessage = task;
    channel.port2.postMessage(0);
  } else {
    setTimeout(task, 0);
  }
}

const ask = makeTurns(() => performance?.now() ?? 0, soon);

/** See {@link makeTurns}. Where no request may touch another's promises, each continues at once. */
export const turn = (): Promise<void> | undefined => (apart() ? undefined : ask());
