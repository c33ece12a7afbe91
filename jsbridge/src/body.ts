/** The body that a consumer reads, fed from outside. */
export interface Body {
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  push(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
  /** What was pushed can still be read, unless the error is to be heard at once. */
  error(error: unknown, atOnce: boolean): void;
  /** Undefined if the consumer is waiting, else resolves when it does. */
  demand(): Promise<void> | undefined;
}

/** Makes a body that holds nothing back and asks for nothing ahead. onCancel is told when the consumer has enough. */
export function makeBody(onCancel: (reason: unknown) => void): Body {
  let controller!: Controller;
  let pulled: (() => void) | undefined;
  let wanted: (() => void) | undefined;
  let broken: { error: unknown } | undefined;
  let over = false;

  const answer = () => {
    pulled?.();
    pulled = undefined;
  };
  const source: Source = {
    start(c) {
      controller = c;
    },
    pull() {
      if (broken) {
        throw broken.error;
      }
      return new Promise<void>((resolve) => {
        pulled = resolve;
        wanted?.();
      });
    },
    cancel(reason: unknown) {
      over = true;
      onCancel(reason);
    },
  };
  return {
    stream: makeStream(source),
    push(bytes) {
      controller.enqueue(bytes);
      answer();
    },
    close() {
      if (!over) {
        over = true;
        controller.close();
        controller.byobRequest?.respond(0);
        answer();
      }
    },
    error(error, atOnce) {
      if (over) {
        return;
      }
      over = true;
      if (pulled || atOnce) {
        controller.error(error);
        answer();
      } else {
        broken = { error }; // an errored stream forgets what it holds
      }
    },
    demand: () =>
      pulled
        ? undefined
        : new Promise((resolve) => {
            wanted = resolve;
          }),
  };
}

/** `first`, then what is still unread. */
export function makeRest(
  first: Uint8Array<ArrayBuffer> | undefined,
  next: () => Promise<ReadableStreamReadResult<Uint8Array>>,
  cancel: (reason: unknown) => Promise<void>,
  over: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let held = first;
  let controller!: Controller;
  return makeStream({
    start(c) {
      controller = c;
    },
    async pull() {
      try {
        const { done, value } = held ? { done: false, value: held } : await next();
        held = undefined;
        if (done) {
          over();
          controller.close();
          controller.byobRequest?.respond(0);
        } else {
          controller.enqueue(value.slice());
        }
      } catch (error) {
        over();
        throw error;
      }
    },
    cancel(reason) {
      over();
      return cancel(reason);
    },
  });
}

/** That of a stream of bytes, or of a plain one, which has no requests by buffer. */
type Controller = Omit<ReadableByteStreamController, "byobRequest"> &
  Partial<Pick<ReadableByteStreamController, "byobRequest">>;

interface Source {
  start(controller: Controller): void;
  pull(): Promise<void>;
  cancel(reason: unknown): void | Promise<void>;
}

/** A stream of bytes, as a response's own body is; where there are none, a plain one. */
function makeStream(source: Source): ReadableStream<Uint8Array<ArrayBuffer>> {
  const calm = { highWaterMark: 0 };
  try {
    return new ReadableStream({ ...source, type: "bytes" }, calm);
  } catch {
    return new ReadableStream(source as UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>, calm);
  }
}
