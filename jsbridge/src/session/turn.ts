import { apart } from "./browser.js";

// Thousands of requests may begin, or be answered, at once. Each needs little time,
// but all together would delay timers, other requests and a page's frames.

/** How long sessions run before the event loop gets a turn, in ms. */
const slice = 30;
/** How many waiting sessions continue in each turn after that. */
const batch = 50;

/** Asks for a turn, for a request that begins or else for one that has begun. */
export type AskTurn = (what?: "begin") => Promise<void> | undefined;

/**
 * Makes the function that sessions call before they do work: it returns undefined
 * if the session may continue at once, without an await, else a promise that
 * resolves when it may. Requests that have begun go before those that begin, so
 * that what an answer says of a limit is known before more requests are sent to it;
 * among themselves they are served first come, first served. `later` calls its
 * argument in another turn of the event loop.
 */
export function makeTurns(now: () => number, later: (task: () => void) => void): AskTurn {
  let began: number | undefined; // when the first one asked in this turn of the event loop; long ago if some wait
  const begun: (() => void)[] = []; // requests that wait for their turn
  const begins: (() => void)[] = [];

  function next(): void {
    const first = begun.splice(0, batch);
    for (const task of [...first, ...begins.splice(0, batch - first.length)]) {
      task();
    }
    began = undefined;
    if (begun.length + begins.length > 0) {
      began = -Infinity;
      later(next);
    }
  }

  return (what) => {
    if (began === undefined) {
      began = now();
      later(next);
    }
    if (now() - began < slice) {
      return undefined;
    }
    return new Promise((resolve) => (what ? begins : begun).push(resolve));
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
export const turn: AskTurn = (what) => (apart() ? undefined : ask(what));
