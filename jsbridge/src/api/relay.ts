import type { ChatStreamEvent } from "./stream.js";
import { ofWire, toWire, type WireEvent } from "./wire.js";

/** The data of the first event of a relay, which tells it from any other stream. */
const opening = '{"type":"open","open":{"relay":"steadfetch"}}';

/**
 * Answers a page with the events of `stream()`: messages, retries, resets, and
 * the finish or the error, as Server-Sent Events in the form of `toWire`, which
 * `stream()` on the page understands. Nothing is read ahead of the page, and
 * when it goes away the request ends.
 */
export function toResponse(events: AsyncIterable<ChatStreamEvent>, init: ResponseInit = {}): Response {
  const encoder = new TextEncoder();
  const encode = (data: string) => encoder.encode(`data: ${data}\n\n`);
  const iterator = events[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encode(opening)),
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) {
          controller.close();
        } else {
          controller.enqueue(encode(JSON.stringify(toWire(value))));
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = new Headers(init.headers);
  headers.set("content-type", "text/event-stream");
  headers.set("cache-control", "no-cache, no-transform"); // a proxy that compresses holds events back
  headers.set("x-accel-buffering", "no"); // nginx
  return new Response(body, { ...init, headers });
}

/** Reads events that may be a relay's: undefined is that they are none. */
export function makeRelay(): (data: string) => ChatStreamEvent | "open" | undefined {
  let relayed: boolean | undefined;
  return (data) => {
    if (relayed === undefined) {
      relayed = data === opening;
      return relayed ? "open" : undefined;
    }
    return relayed ? ofWire(JSON.parse(data) as WireEvent) : undefined;
  };
}
