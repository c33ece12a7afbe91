import { forget, weak, whenGone } from "./weak.js";

/** Feeds the body that a consumer reads. */
export interface Body {
  /** The consumer has the stream: if it lets go of it without reading on, it has had enough. */
  given(): void;
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

/** A body, and what its consumer has to do with whoever feeds it. */
interface State {
  /** The way to the consumer, while it waits. */
  asked?: { controller?: Controller } | undefined;
  /** The same while it does not: it may have let go of the stream, which then should be nobody's. */
  way?: Pick<WeakRef<{ controller?: Controller }>, "deref">;
  wanted?: () => void;
  broken?: { error: unknown };
  over?: boolean;
}

type Cancel = (reason?: unknown) => void | Promise<void>;

/** Makes a body that holds nothing back and asks for nothing ahead. onCancel is told when the consumer has enough. */
export function makeBody(onCancel: Cancel): [ReadableStream<Uint8Array<ArrayBuffer>>, Body] {
  const state: State = {};
  return [makeStream(sourceOf(state, onCancel)), feederOf(state, onCancel)];
}

/** Nothing but the stream reaches what is made here, unless the consumer waits. */
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

/** In a function of its own, so that it does not reach the way. */
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
      // A stream of bytes refuses pieces of none.
      if (bytes.length > 0) {
        state.asked = undefined; // it may ask again inside
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
        state.broken = { error }; // an errored stream forgets what it holds
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
