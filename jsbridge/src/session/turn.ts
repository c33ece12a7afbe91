import { apart } from "./browser.js";

// Thousands of requests may begin, or be answered, at once. Each takes little,
// but all together would keep timers, other requests and a page's frames waiting.

/** For how long sessions go on before the event loop gets a turn, in ms. */
const slice = 30;
/** How many go on then. */
const batch = 50;

/** As they are before some test puts its own in their places. */
const { setImmediate, MessageChannel, performance } = globalThis as Partial<typeof globalThis> & {
  setImmediate?: (task: () => void) => unknown;
};

let began = 0; // when the first one came in this turn of the event loop; 0: none did
let waiting: (() => void)[] = [];
let gone = 0; // of waiting
let channel: MessageChannel | undefined;

/** Calls in another turn of the event loop, after the timers and messages that are due now. */
function later(task: () => void): void {
  if (setImmediate) {
    setImmediate(task);
  } else if (MessageChannel) {
    channel ??= new MessageChannel();
    (channel.port1 as { unref?: () => void }).unref?.(); // test runners that play the browser inside Node.js would not end
    channel.port1.onmessage = task;
    channel.port2.postMessage(0);
  } else {
    setTimeout(task, 0);
  }
}

function next(): void {
  began = 0;
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

/**
 * Undefined where a session may go on at once, else resolves when it may: first
 * come, first served. In runtimes where no request may touch another's promises
 * it always may.
 */
export function turn(): Promise<void> | undefined {
  if (apart() || !performance) {
    return undefined;
  }
  const now = performance.now();
  if (!began) {
    began = now;
    if (waiting.length === 0) {
      later(next);
    }
  }
  if (waiting.length === 0 && now - began < slice) {
    return undefined;
  }
  return new Promise((resolve) => {
    waiting.push(resolve);
  });
}
