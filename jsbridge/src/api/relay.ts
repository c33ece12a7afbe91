import type { ChatStreamRetry, Ending } from "../engine/shapes.gen.js";
import type { Session } from "../session/driver.js";
import type { ChatStreamMessage } from "./messages.js";
import type { ChatStreamEvent } from "./stream.js";
import { ofWire, toWire, type WireEvent } from "./wire.js";

/** The data of the first event of a relay, which distinguishes it from any other stream. */
const opening = '{"type":"open","open":{"relay":"steadfetch"}}';

/** Proxies cut a connection that is silent for a minute, and some sooner; waits can be longer. */
const beatMs = 15_000;

/**
 * Answers a page with the events of `stream()`: messages, retries, resets, and
 * the finish or the error, as Server-Sent Events in the form of `toWire`, which
 * `stream()` on the page understands. Nothing is read ahead of the page, and
 * when it disconnects the request ends. A long wait is bridged by comments.
 */
export function toResponse(events: AsyncIterable<ChatStreamEvent>, init: ResponseInit = {}): Response {
  const encoder = new TextEncoder();
  const encode = (data: string) => encoder.encode(`data: ${data}\n\n`);
  const iterator = events[Symbol.asyncIterator]();
  let beat: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encode(opening)),
      async pull(controller) {
        beat = setInterval(() => controller.enqueue(encoder.encode(":\n\n")), beatMs);
        const { done, value } = await iterator.next().finally(() => clearInterval(beat));
        if (done) {
          controller.close();
        } else {
          controller.enqueue(encode(JSON.stringify(toWire(value))));
        }
      },
      async cancel() {
        clearInterval(beat); // the events may end only later
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = new Headers(init.headers);
  headers.set("content-type", "text/event-stream");
  headers.set("cache-control", "no-cache, no-transform"); // a proxy that compresses delays events
  headers.set("x-accel-buffering", "no"); // nginx
  return new Response(body, { ...init, headers });
}

/** Handles the messages of a stream, which may be a server's relay. */
export interface Relay {
  push(message: ChatStreamMessage): void;
  /**
   * How the answer ended, after the end of a relay: from its last event. Throws
   * the error that it ended with, or an error if it broke off.
   */
  ending(): Ending | undefined;
  /** Stops showing the server's waits. */
  leave(): void;
}

const waitingFor = "server";

/** Passes on messages, or the events that a relay made of them, and shows when the server waits. */
export function makeRelay(push: (event: ChatStreamEvent) => void, show?: Session["relayed"]): Relay {
  let relays: boolean | undefined;
  let last: ChatStreamEvent | undefined; // undefined, too, once an event could not be read
  let broken = false;
  let waits = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function leave(): void {
    clearTimeout(timer);
    waits = false;
  }

  /**
   * Undefined if the page does not know such events: the server may be newer. One that cannot be read, as it was
   * cut off, is where the relay broke off.
   */
  function read(data: string): ChatStreamEvent | undefined {
    try {
      return ofWire(JSON.parse(data) as WireEvent);
    } catch {
      broken = true;
      last = undefined;
      return undefined;
    }
  }

  /** By the page's own clock, since the server's may differ. */
  function wait(retry: ChatStreamRetry): void {
    leave();
    waits = true;
    const retryingAt = new Date(Date.now() + retry.delayMs).toISOString();
    const { attempt: failures } = retry;
    show?.({ state: "waiting", attempt: failures, failures, retry: { ...retry, retryingAt }, waitingFor });
    if (retry.delayMs > 0) {
      const next = () => show?.({ state: "opening", attempt: failures + 1, failures, retry, waitingFor });
      timer = setTimeout(next, retry.delayMs);
    }
  }

  return {
    leave,
    push(message) {
      if (relays === undefined) {
        relays = message.data === opening;
        if (relays) {
          return;
        }
      }
      if (!relays) {
        push(message);
        return;
      }
      const event = broken ? undefined : read(message.data);
      if (!event) {
        return;
      }
      last = event;
      if (event.type === "finish" || event.type === "error") {
        return;
      }
      if (event.type === "retry") {
        wait(event.retry);
      } else if (waits) {
        leave();
        show?.();
      }
      push(event);
    },
    ending() {
      if (!relays) {
        return undefined;
      }
      if (last?.type === "finish") {
        return { ...(last.reason && { reason: last.reason }), ...last.usage };
      }
      throw last?.type === "error" ? last.error : new Error("unexpected EOF");
    },
  };
}
