import { forget, weak, whenGone } from "./weak.js";

/** Feeds the body that a consumer reads. */
export interface Body {
  /** The consumer has the stream now: if it drops the stream unread, the body counts as canceled. */
  given(): void;
  /** Delivers bytes, which must not change any more. */
  push(bytes: Uint8Array): void;
  close(): void;
  /** Bytes already pushed can still be read, unless `atOnce` is set. */
  error(error: unknown, atOnce: boolean): void;
  /** Undefined if the consumer is waiting for data, else resolves when it is. */
  demand(): Promise<void> | undefined;
}

/** A byte stream transfers the whole buffer of each chunk, so a part of a larger buffer is copied. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
    ? (bytes as Uint8Array<ArrayBuffer>)
    : bytes.slice();

/** The state that a body's consumer and its feeder share. */
interface State {
  /** The link to the consumer, while it waits. */
  asked?: { controller?: Controller } | undefined;
  /** The same while it does not wait: weak, so that a stream the consumer dropped can be collected. */
  way?: Pick<WeakRef<{ controller?: Controller }>, "deref">;
  wanted?: () => void;
  broken?: { error: unknown };
  over?: boolean;
}

type Cancel = (reason?: unknown) => void | Promise<void>;

/** Makes a body that buffers nothing and reads nothing ahead. onCancel: the consumer has canceled or dropped it. */
export function makeBody(onCancel: Cancel): [ReadableStream<Uint8Array<ArrayBuffer>>, Body] {
  const state: State = {};
  return [makeStream(sourceOf(state, onCancel)), feederOf(state, onCancel)];
}

/** Only the stream holds a strong reference to what is made here, unless the consumer waits. */
function sourceOf(state: State, onCancel: Cancel): Source {
  const way: { controller?: Controller } = {};
  state.way = weak(way);
  return {
    start(controller) {
      way.controller = controller;
    },
    pull() {
      if (state.broken) {
        throw state.broken.error;
      }
      state.asked = way;
      state.wanted?.();
    },
    cancel(reason) {
      end(state);
      return onCancel(reason);
    },
  };
}

function end(state: State): void {
  state.over = true;
  forget(state);
}

/** In a function of its own, so that the closure holds no reference to `way`. */
const goneOf = (state: State, onCancel: Cancel) => async () => {
  if (!state.over) {
    state.over = true;
    await Promise.resolve(onCancel()).catch(() => {});
  }
};

function feederOf(state: State, onCancel: Cancel): Body {
  const consumer = () => (state.asked ?? state.way!.deref())?.controller;
  return {
    given: () => whenGone(state.way!.deref()!, goneOf(state, onCancel), state),
    push(bytes) {
      const controller = consumer();
      // A byte stream refuses empty chunks.
      if (bytes.length > 0) {
        state.asked = undefined; // enqueue may call pull again
        controller?.enqueue(own(bytes));
      }
    },
    close() {
      if (!state.over) {
        end(state);
        const controller = consumer();
        controller?.close();
        controller?.byobRequest?.respond(0);
      }
    },
    error(error, atOnce) {
      if (state.over) {
        return;
      }
      end(state);
      if (state.asked || atOnce) {
        consumer()?.error(error);
      } else {
        state.broken = { error }; // an errored stream drops its queue
      }
    },
    demand: () =>
      state.asked
        ? undefined
        : new Promise((resolve) => {
            state.wanted = resolve;
          }),
  };
}

/** Fills a body to its end, as its consumer asks for more. */
export async function fill(body: Body, next: () => Promise<ReadableStreamReadResult<Uint8Array>>): Promise<void> {
  try {
    for (;;) {
      await body.demand();
      const { done, value } = await next();
      if (done) {
        body.close();
        return;
      }
      body.push(value.slice()); // a clone of the response may share it
    }
  } catch (error) {
    body.error(error, false);
  }
}

/** The controller of a byte stream, or of a plain stream, which has no BYOB requests. */
type Controller = Omit<ReadableByteStreamController, "byobRequest"> &
  Partial<Pick<ReadableByteStreamController, "byobRequest">>;

interface Source {
  start(controller: Controller): void;
  pull(): void;
  cancel(reason: unknown): void | Promise<void>;
}

/** A byte stream, like a response's own body; a plain stream where the runtime has no byte streams. */
function makeStream(source: Source): ReadableStream<Uint8Array<ArrayBuffer>> {
  const calm = { highWaterMark: 0 };
  try {
    return new ReadableStream({ ...source, type: "bytes" }, calm);
  } catch {
    return new ReadableStream(source as UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>, calm);
  }
}
