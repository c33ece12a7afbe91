import { columns, maxChunk, type Said } from "../engine/abi.js";
import { engine } from "../engine/module.js";
import type { Ending } from "../engine/shapes.gen.js";
import { joinBytes } from "../session/held.js";
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
/** Takes the bytes of a body; without bytes it has ended. */
interface Reader {
  (bytes?: Uint8Array): void;
  /** Frees what it holds; it is not used any more. */
  free?(): void;
}

/**
 * Which member of the data is text, the core knows. It is asked when somebody
 * wants to know, and once, unless it has told already: the text as JSON.
 */
export function message(event: string, data: string, id: string, json?: string): ChatStreamMessage {
  let said: Said | undefined;
  const say = () => {
    said ??= json ? { text: JSON.parse(json) as string } : engine().said({ event, data });
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

/** Reads an event stream. The core finds the events; what is between their places is only decoded here. */
export function makeReader(push: Push): Reader {
  const reader = engine().reader();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let begun: Uint8Array[] = []; // bytes of an event that has not ended
  let fed = 0; // how many bytes were fed last
  let id = "";

  /** Gives the events of a table, whose places are in bytes. */
  function give(table: Int32Array, bytes: Uint8Array, from: number, to: number, shift: number): void {
    const all = decoder.decode(bytes);
    const ascii = all.length === bytes.length; // then a place in the bytes is one in the text
    const part = (i: number): string | undefined => {
      const begin = table[i]! + shift;
      const end = table[i + 1]! + shift;
      return begin > end ? undefined : ascii ? all.slice(begin, end) : decoder.decode(bytes.subarray(begin, end));
    };
    for (let i = from; i < to; i += columns.count) {
      id = part(i + columns.id) ?? id;
      const lines = table[i + columns.lines]!;
      if (lines) {
        const data = part(i + columns.data)!;
        push(message(part(i + columns.type) || "message", lines > 1 ? joined(data) : data, id, part(i + columns.text)));
      }
    }
  }

  function take(bytes: Uint8Array | undefined): void {
    const table = reader.read(bytes);
    if (!table) {
      throw new RangeError("steadfetch: an event of the stream is too large");
    }
    let at = 0;
    if (begun.length > 0 && table.length > 0) {
      // The first one began in earlier bytes.
      const head = bytes?.subarray(0, table[columns.end]) ?? new Uint8Array();
      const whole = joinBytes([...begun, head]);
      at = columns.count;
      give(table, whole, 0, at, whole.length - (bytes ? head.length : fed));
      begun = [];
    }
    if (bytes) {
      fed = bytes.length;
      give(table, bytes, at, table.length, 0);
      const rest = reader.rest();
      if (rest > 0) {
        begun = rest > bytes.length ? begun : [];
        begun.push(bytes.slice(Math.max(bytes.length - rest, 0)));
      } else {
        begun = [];
      }
    }
  }

  const read: Reader = (bytes) => {
    if (!bytes) {
      take(undefined);
      reader.free();
      return;
    }
    for (let at = 0; at < bytes.length; at += maxChunk) {
      take(bytes.subarray(at, at + maxChunk));
    }
  };
  read.free = reader.free;
  return read;
}

/** The data of an event whose data came in several lines. Between them can be lines that are none. */
function joined(lines: string): string {
  const [first, ...more] = lines.split(/\r\n|\r|\n/);
  return [first, ...more.filter((line) => /^data(:|$)/.test(line)).map((line) => line.replace(/^data:? ?/, ""))].join(
    "\n",
  );
}

/** Cuts a text: at every line end, nowhere, or wherever the bytes were cut. */
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
 * Reads a body that was not watched, and tells how the answer ended: the events
 * of an event stream, the lines of JSON lines, a JSON document as one message,
 * and anything else as it comes.
 */
export async function readBody(
  response: Response,
  push: (event: ChatStreamEvent) => void,
  demand: () => Promise<void> | undefined,
): Promise<Ending> {
  let ending: Ending = {};
  const type = (response.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  const isDocument = /[/+]json$/.test(type);
  const take = (data: string) => {
    push(message("message", data, ""));
    ending = isDocument ? engine().ended({ event: "message", data }) : ending;
  };
  const reader = response.body?.getReader();
  const relay = makeRelay(push);
  const read =
    type === "text/event-stream"
      ? makeReader(relay.push)
      : makeCutter(take, /json-?l|ndjson/.test(type) ? "lines" : isDocument ? "whole" : "as it comes");
  try {
    while (reader) {
      await demand();
      const { done, value } = await reader.read();
      read(done ? undefined : value);
      if (done) {
        break;
      }
    }
  } finally {
    read.free?.();
    reader?.cancel().catch(() => {});
  }
  return relay.ending() ?? ending;
}
