import type { Said } from "../engine/abi.js";
import { engine } from "../engine/module.js";
import type { Ending } from "../engine/shapes.gen.js";
import { makeRelay } from "./relay.js";
import { makeParser, type ServerSentEvent } from "./sse.js";
import type { ChatStreamEvent } from "./stream.js";

/** An event of the answer. An answer that is no stream comes as one message. */
export interface ChatStreamMessage extends ServerSentEvent {
  type: "message";
  /** The plain text that this event adds to the answer, in every protocol that the engine knows; undefined if it adds none. */
  readonly text: string | undefined;
  /** The same of what a model thinks aloud. */
  readonly reasoning: string | undefined;
}

/** Takes the bytes of a body; without bytes it has ended. */
type Reader = (bytes?: Uint8Array) => void;

/** Which member of the data is text, the core knows. It is asked when somebody wants to know, and once. */
export function message(event: ServerSentEvent): ChatStreamMessage {
  let said: Said | undefined;
  const say = () => {
    said ??= engine().said(event);
    return said;
  };
  return {
    type: "message",
    ...event,
    get text() {
      return say().text;
    },
    get reasoning() {
      return say().reasoning;
    },
  };
}

/** Reads an event stream. */
export interface EventReader {
  read: Reader;
  /**
   * How the answer ended, after the end, if the events are those of `toResponse`:
   * the last of them tells. Throws the error that they ended with, or that they
   * broke off.
   */
  ending(): Ending | undefined;
}

/** Makes a reader, which also knows the events that a server relays. */
export function makeReader(push: (event: ChatStreamEvent) => void): EventReader {
  const relay = makeRelay();
  let last: ChatStreamEvent | "open" | undefined;
  const read = makeParser((event) => {
    const relayed = relay(event.data);
    last = relayed ?? last;
    if (!relayed) {
      push(message(event));
    } else if (relayed !== "open" && relayed.type !== "finish" && relayed.type !== "error") {
      push(relayed);
    }
  });
  return {
    read,
    ending() {
      if (last === undefined) {
        return undefined;
      }
      if (last !== "open" && last.type === "finish") {
        return { ...(last.reason && { reason: last.reason }), ...last.usage };
      }
      throw last !== "open" && last.type === "error" ? last.error : new Error("unexpected EOF");
    },
  };
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
    const event = { event: "message", data, id: "" };
    push(message(event));
    ending = isDocument ? engine().ended(event) : ending;
  };
  const reader = response.body?.getReader();
  const events = type === "text/event-stream" ? makeReader(push) : undefined;
  const read =
    events?.read ?? makeCutter(take, /json-?l|ndjson/.test(type) ? "lines" : isDocument ? "whole" : "as it comes");
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
    reader?.cancel().catch(() => {});
  }
  return events?.ending() ?? ending;
}
