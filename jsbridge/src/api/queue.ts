/** Values to be iterated over once. */
export interface QueueIterator<T> extends AsyncIterableIterator<T, void, undefined> {
  next(): Promise<IteratorResult<T, void>>;
  /** Ends it at once, even while `next()` waits. */
  return(): Promise<IteratorResult<T, void>>;
  /** The same, and rejects with the error. */
  throw(error?: unknown): Promise<IteratorResult<T, void>>;
  [Symbol.asyncIterator](): QueueIterator<T>;
}

/** Values on their way to the consumer that iterates over them. */
export interface Queue<T> {
  iterator: QueueIterator<T>;
  push(value: T): void;
  /** No more values come. Those that were pushed can still be taken; after them an error, if there is one. */
  end(how: { error?: unknown }): void;
  /** Drops what was not taken. */
  clear(): void;
  /** Undefined if the consumer waits, else resolves when it does. */
  demand(): Promise<void> | undefined;
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, void>): void;
  reject(error: unknown): void;
}

/** Makes a queue. `begin` is called when the first value is asked for, `quit` when the consumer has enough. */
export function makeQueue<T>(begin: () => void, quit: () => void): Queue<T> {
  const values: T[] = [];
  let taken = 0; // of values: to shift each of many would be quadratic
  const waiting: Waiting<T>[] = [];
  let over: { error?: unknown } | undefined;
  let begun = false;
  const wanted: (() => void)[] = []; // two may wait: who gave up an attempt, and who reads the next one

  /** Gives those who wait what there is. */
  function settle(): void {
    while (waiting.length > 0 && (taken < values.length || over)) {
      const { resolve, reject } = waiting.shift()!;
      if (taken < values.length) {
        resolve({ done: false, value: values[taken++]! });
      } else if (over && "error" in over) {
        reject(over.error);
        over = {}; // it is thrown once
      } else {
        resolve({ done: true, value: undefined });
      }
    }
    if (taken === values.length) {
      clear();
    }
  }

  function clear(): void {
    values.length = 0;
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
    next: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        if (!begun) {
          begun = true;
          begin();
        }
        settle();
        if (waiting.length > 0) {
          for (const tell of wanted.splice(0)) {
            tell();
          }
        }
      }),
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
      if (!over) {
        values.push(value);
        settle();
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
