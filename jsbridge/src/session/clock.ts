import { apart } from "./browser.js";
import { turn } from "./turn.js";

/** When a session acts without new input: at a set time, or when another session wakes it. */
export interface Clock {
  /** Acts at `at`, in the time of Date; 0 is never. A waiting session can be woken, and keeps Node.js alive. */
  set(at: number, waiting: boolean): void;
  /** The set time may have come. */
  tick(): void;
  /** Pauses the clock: nothing is read for now, because the consumer reads nothing. */
  hold(on: boolean): void;
  rouse(): void;
  stop(): void;
}

type Timer = ReturnType<typeof setTimeout>;

/** The longest delay of a timer (WHATWG HTML, timers: a signed 32-bit integer). */
const maxTimer = 2 ** 31 - 1;
/** After a pause, unread data is read before a clock that ran out meanwhile acts: the delay, in ms. */
const afterHold = 1000;
/** How often a waiting session checks whether it was woken, where no other request may call it, in ms. */
const lookEvery = 100;

/** A clock that calls `act`, in the asynchronous context of the code that set it first. */
export function makeClock(act: () => void): Clock {
  let timer: Timer | undefined;
  let waits = false;
  let held = false;
  let overdue = false;
  let roused = false; // since it was set
  let wake: (() => void) | undefined;
  let over = false;

  function tick(): void {
    overdue = held;
    if (!held) {
      act();
    }
  }

  /** Checks whether the session was woken, or its time has come. */
  function look(at: number): void {
    if (roused || at <= Date.now()) {
      tick();
    } else {
      start(at, true);
    }
  }

  function start(at: number, waiting: boolean): void {
    const looks = waiting && apart();
    const ms = Math.min(Math.max(at - Date.now(), 0), looks ? lookEvery : maxTimer);
    timer = looks ? setTimeout(look, ms, at) : setTimeout(tick, ms);
    if (!waiting) {
      // A wait keeps Node.js alive. An open attempt does so by itself, and an abandoned one should not.
      (timer as { unref?: () => void }).unref?.();
    }
  }

  /**
   * Acts when other sessions have woken this one. AsyncLocalStorage and the like
   * then see the context of its own caller, not theirs.
   */
  async function heed(): Promise<void> {
    while (!over) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      const wait = turn();
      if (wait) {
        await wait;
      }
      if (roused && waits && !over) {
        act();
      }
    }
  }

  return {
    set(at, waiting) {
      overdue = false;
      roused = false;
      if (waiting && !wake && !apart()) {
        void heed();
      }
      waits = waiting;
      clearTimeout(timer);
      if (at) {
        start(at, waiting);
      }
    },
    tick,
    hold(on) {
      held = on;
      if (!on && overdue && !over) {
        overdue = false;
        clearTimeout(timer);
        timer = setTimeout(tick, afterHold);
      }
    },
    rouse() {
      roused = true;
      wake?.();
    },
    stop() {
      over = true;
      clearTimeout(timer);
      wake?.();
    },
  };
}
