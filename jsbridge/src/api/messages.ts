import { columns, maxChunk, type Said } from "../engine/abi.js";
import { engine } from "../engine/module.js";
import { makeEventReader } from "../engine/reader.js";
import type { Ending } from "../engine/shapes.gen.js";
import { asText, makeParts, makeWhole, type Parts, type Piece } from "./parts.js";
import { makeRelay } from "./relay.js";
import type { ChatStreamEvent } from "./stream.js";

/** An event of a stream (WHATWG HTML, "Interpreting an event stream"). */
export interface ServerSentEvent {
  /** The field of that name; "message" if the server gave none. */
  event: string;
  /** As the server sent it. */
  data: string;
  /** The last id that the server gave; "" if none. */
  id: string;
}

/** An event of the answer. An answer that is no stream comes as one message. */
export interface ChatStreamMessage extends ServerSentEvent {
  type: "message";
  /** The plain text that this event adds to the answer, in every protocol that the engine knows; undefined if it adds none. */
  readonly text: string | undefined;
  /** The same of what a model thinks aloud. */
  readonly reasoning: string | undefined;
}

type Push = (message: ChatStreamMessage) => void;
/** Reads a body's bytes, which must not change any more; no bytes: it has ended. The events in them may be known. */
interface Reader {
  (bytes?: Uint8Array, events?: Int32Array): void;
  /** Frees its resources; it must not be used any more. */
  free?(): void;
}

/** A message whose text is found once, when it is first read: by `known`, or else by the core. */
export function message(
  event: string,
  data: string,
  id: string,
  known?: () => { [K in keyof Said]: string | undefined },
): ChatStreamMessage {
  let said: { [K in keyof Said]: string | undefined } | undefined;
  const say = () => {
    try {
      said ??= known?.();
    } catch {
      // Not valid JSON escapes: ask the core.
    }
    said ??= engine().ask("said", { event, data });
    return said;
  };
  return {
    type: "message",
    event,
    data,
    id,
    get text() {
      return say().text;
    },
    get reasoning() {
      return say().reasoning;
    },
  };
}

/** From this size on, in bytes, an event is decoded as it arrives. */
const long = 64 << 10;

/** Reads an event stream. The core finds the events; what is between their places is only decoded here. */
export function makeReader(push: Push): Reader {
  const reader = makeEventReader(engine());
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let begun: Piece[] = []; // of an event that has not ended
  let fed = 0; // how many bytes were fed last
  let id = "";

  /** Pushes the events of a table from one row to another. Its offsets are in bytes, apart from a shift. */
  function give(table: Int32Array, from: number, to: number, part: Parts, shift: number): void {
    const at = (i: number) => part(table[i]! + shift, table[i + 1]! + shift);
    for (let i = from; i < to; i += columns.count) {
      id = at(i + columns.id) ?? id;
      const lines = table[i + columns.lines]!;
      if (lines === 0) {
        continue;
      }
      const event = at(i + columns.type) || "message";
      const data = lines > 1 ? joined(at(i + columns.data)!) : at(i + columns.data)!;
      push(
        table[i + columns.ask]
          ? message(event, data, id)
          : told(event, data, id, at(i + columns.text), at(i + columns.reasoning)),
      );
    }
  }

  function take(bytes: Uint8Array | undefined): void {
    const table = reader.read(bytes);
    if (!table) {
      throw new RangeError("steadfetch: an event of the stream is too large");
    }
    let from = 0;
    if (begun.length > 0 && table.length > 0) {
      // The first one began in earlier bytes.
      const head = bytes?.subarray(0, table[columns.end]) ?? new Uint8Array();
      const before = begun.reduce((n, piece) => n + piece.length, 0);
      from = columns.count;
      give(table, 0, from, makeWhole(decoder, [...begun, head]), bytes ? before : before - fed);
      begun = [];
    }
    if (bytes) {
      fed = bytes.length;
      if (from < table.length) {
        const end = table[table.length - columns.count + columns.end]!;
        const some = end < fed ? bytes.subarray(0, end) : bytes;
        give(table, from, table.length, makeParts(decoder, some, (table.length - from) / columns.count), 0);
      }
      const rest = reader.rest();
      if (rest <= fed) {
        begun = [];
      }
      if (rest > 0) {
        begun.push(
          ...(rest > long && rest >= fed ? asText(decoder, bytes) : [bytes.subarray(Math.max(fed - rest, 0))]),
        );
      }
    }
  }

  const read: Reader = (bytes, events) => {
    if (bytes && events) {
      give(events, 0, events.length, makeParts(decoder, bytes, events.length / columns.count), 0);
      return;
    }
    if (!bytes) {
      take(undefined);
      reader.free();
      return;
    }
    for (let at = 0; at < bytes.length; at += maxChunk) {
      take(bytes.length > maxChunk ? bytes.subarray(at, at + maxChunk) : bytes);
    }
  };
  read.free = reader.free;
  return read;
}

/** A message whose text and reasoning are the contents of these JSON strings. */
function told(
  event: string,
  data: string,
  id: string,
  text: string | undefined,
  reasoning: string | undefined,
): ChatStreamMessage {
  if (data.length > long) {
    // Decoding a long text takes time, so it is done only when the text is read.
    return message(event, data, id, () => ({ text: unescaped(text), reasoning: unescaped(reasoning) }));
  }
  try {
    return { type: "message", event, data, id, text: unescaped(text), reasoning: unescaped(reasoning) };
  } catch {
    return message(event, data, id); // not valid JSON escapes
  }
}

const unescaped = (text: string | undefined): string | undefined =>
  text?.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;

/** The data of an event with several data lines. There can be other lines between them. */
function joined(lines: string): string {
  const [first, ...more] = lines.split(/\r\n|\r|\n/);
  return [first, ...more.filter((line) => /^data(:|$)/.test(line)).map((line) => line.replace(/^data:? ?/, ""))].join(
    "\n",
  );
}

/** Splits a text: at every line end, nowhere, or where the bytes were split. */
function makeCutter(take: (data: string) => void, cut: "lines" | "whole" | "as it comes"): Reader {
  const decoder = new TextDecoder();
  let rest = "";
  return (bytes) => {
    const text = decoder.decode(bytes, { stream: bytes !== undefined });
    const pieces = cut === "lines" ? text.split("\n") : [text];
    pieces[0] = rest + pieces[0];
    rest = bytes && cut !== "as it comes" ? pieces.pop()! : "";
    for (const data of pieces) {
      if (data) {
        take(data);
      }
    }
  };
}

/**
 * Reads a body that was not watched, and then can tell how the answer ended: the events
 * of an event stream, the lines of JSON lines, a JSON document as one message,
 * and anything else piece by piece, as it arrives.
 */
export async function readBody(
  response: Response,
  push: (event: ChatStreamEvent) => void,
  demand: () => Promise<void> | undefined,
): Promise<() => Ending> {
  let ending: Ending = {};
  const type = (response.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  let isDocument = /[/+]json$/.test(type);
  const take = (data: string) => {
    push(message("message", data, ""));
    ending = isDocument ? engine().ask("ended", { event: "message", data }) : ending;
  };
  const reader = response.body?.getReader();
  const relay = makeRelay(push);
  let read: Reader | undefined;
  /** What comes is known with the first byte that says something: gateways also label documents as event streams. */
  const begin = (bytes: Uint8Array | undefined): Reader | undefined => {
    if (type === "text/event-stream") {
      const first = bytes && new TextDecoder().decode(bytes).trimStart()[0];
      if (bytes && !first) {
        return undefined;
      }
      isDocument = first === "{" || first === "[";
      if (!isDocument) {
        return makeReader(relay.push);
      }
    }
    return makeCutter(take, /json-?l|ndjson/.test(type) ? "lines" : isDocument ? "whole" : "as it comes");
  };
  try {
    while (reader) {
      await demand();
      const { done, value } = await reader.read();
      const bytes = done ? undefined : value;
      read ??= begin(bytes);
      read?.(bytes);
      if (done) {
        break;
      }
    }
  } finally {
    read?.free?.();
    reader?.cancel().catch(() => {});
  }
  return () => relay.ending() ?? ending;
}
