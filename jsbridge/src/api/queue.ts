/** Values that can be iterated over once. */
export interface QueueIterator<T> extends AsyncIterableIterator<T, void, undefined> {
  next(): Promise<IteratorResult<T, void>>;
  /** Ends it at once, even while `next()` waits. */
  return(): Promise<IteratorResult<T, void>>;
  /** The same, and rejects with the error. */
  throw(error?: unknown): Promise<IteratorResult<T, void>>;
  [Symbol.asyncIterator](): QueueIterator<T>;
}

/** A queue of values for the consumer that iterates over them. */
export interface Queue<T> {
  iterator: QueueIterator<T>;
  push(value: T): void;
  /** No more values follow. Those already pushed can still be read; after them the error, if there is one. */
  end(how: { error?: unknown }): void;
  /** Drops unread values. */
  clear(): void;
  /** Undefined if the consumer waits, else resolves when it does. */
  demand(): Promise<void> | undefined;
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, void>): void;
  reject(error: unknown): void;
}

/** Makes a queue. `begin` is called when the first value is asked for, `quit` when the consumer stops. */
export function makeQueue<T>(begin: () => void, quit: () => void): Queue<T> {
  let values: T[] = [];
  let taken = 0; // of values: shifting each of many would be quadratic
  let waiting: Waiting<T>[] = []; // only while there are no values
  let over: { error?: unknown } | undefined;
  let begun = false;
  const wanted: (() => void)[] = []; // two may wait: the reader of an abandoned attempt, and that of the next one

  function take(): Promise<IteratorResult<T, void>> {
    const value = values[taken++]!;
    if (taken === values.length) {
      clear();
    }
    return Promise.resolve({ done: false, value });
  }

  /** Settles the waiting calls: nothing more follows. */
  function settle(): void {
    const all = waiting;
    waiting = [];
    for (const { resolve, reject } of all) {
      if (over && "error" in over) {
        reject(over.error);
        over = {}; // the error is thrown once
      } else {
        resolve({ done: true, value: undefined });
      }
    }
  }

  function clear(): void {
    values = [];
    taken = 0;
  }

  function leave(): void {
    clear();
    const running = begun && !over;
    over = {};
    begun = true;
    settle();
    if (running) {
      quit();
    }
  }

  const iterator: QueueIterator<T> = {
    next() {
      if (taken < values.length) {
        return take();
      }
      const next = new Promise<IteratorResult<T, void>>((resolve, reject) => {
        waiting.push({ resolve, reject });
      });
      if (!begun) {
        begun = true;
        begin();
      }
      if (over) {
        settle();
      } else if (waiting.length > 0) {
        for (const tell of wanted.splice(0)) {
          tell();
        }
      }
      return next;
    },
    async return() {
      leave();
      return { done: true, value: undefined };
    },
    async throw(error) {
      leave();
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return {
    iterator,
    push(value) {
      if (over) {
        return;
      }
      if (waiting.length > 0) {
        waiting.shift()!.resolve({ done: false, value });
      } else {
        values.push(value);
      }
    },
    end(how) {
      over ??= how;
      settle();
    },
    clear,
    demand: () =>
      waiting.length > 0
        ? undefined
        : new Promise((resolve) => {
            wanted.push(resolve);
          }),
  };
}
