/** The body that a consumer reads, fed from outside. */
export interface Body {
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Hands on bytes, which nobody changes any more. */
  push(bytes: Uint8Array): void;
  close(): void;
  /** What was pushed can still be read, unless the error is to be heard at once. */
  error(error: unknown, atOnce: boolean): void;
  /** Undefined if the consumer is waiting, else resolves when it does. */
  demand(): Promise<void> | undefined;
}

/** A stream of bytes takes over the whole buffer of what it is given, so a part of a larger one is copied. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
    ? (bytes as Uint8Array<ArrayBuffer>)
    : bytes.slice();

/** Makes a body that holds nothing back and asks for nothing ahead. onCancel is told when the consumer has enough. */
export function makeBody(onCancel: (reason: unknown) => void | Promise<void>): Body {
  let controller!: Controller;
  let asked = false; // the consumer waits
  let wanted: (() => void) | undefined;
  let broken: { error: unknown } | undefined;
  let over = false;

  const source: Source = {
    start(c) {
      controller = c;
    },
    pull() {
      if (broken) {
        throw broken.error;
      }
      asked = true;
      wanted?.();
    },
    cancel(reason: unknown) {
      over = true;
      return onCancel(reason);
    },
  };
  return {
    stream: makeStream(source),
    push(bytes) {
      // A stream of bytes refuses pieces of none.
      if (bytes.length > 0) {
        asked = false; // it may ask again inside
        controller.enqueue(own(bytes));
      }
    },
    close() {
      if (!over) {
        over = true;
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
    error(error, atOnce) {
      if (over) {
        return;
      }
      over = true;
      if (asked || atOnce) {
        controller.error(error);
      } else {
        broken = { error }; // an errored stream forgets what it holds
      }
    },
    demand: () =>
      asked
        ? undefined
        : new Promise((resolve) => {
            wanted = resolve;
          }),
  };
}

/** Fills a body as its consumer asks for more, to the end. */
export async function fill(body: Body, next: () => Promise<ReadableStreamReadResult<Uint8Array>>): Promise<void> {
  try {
    for (;;) {
      await body.demand();
      const { done, value } = await next();
      if (done) {
        body.close();
        return;
      }
      body.push(value.slice()); // whoever cloned the response may have it, too
    }
  } catch (error) {
    body.error(error, false);
  }
}

/** That of a stream of bytes, or of a plain one, which has no requests by buffer. */
type Controller = Omit<ReadableByteStreamController, "byobRequest"> &
  Partial<Pick<ReadableByteStreamController, "byobRequest">>;

interface Source {
  start(controller: Controller): void;
  pull(): void;
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
