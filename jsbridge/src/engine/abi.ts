import { fromWire, frozen, toWireShape } from "./names.js";
import type {
  About,
  Answer,
  Config,
  Ending,
  Event,
  Failure,
  Happened,
  Policy,
  Shared,
  Snapshot,
  Trail,
  Verdict,
} from "./shapes.gen.js";

/** The module's exports: wasm/ABI.md says what each does. */
interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  abi_version(): number;
  buffer(n: number): number;
  result(): number;
  delay(attempt: number): number;
  session_body(session: number, n: number): number;
  session_moves(session: number): number;
  session_events(session: number): number;
  session_chunk(session: number, attempt: number, n: number, now: number): number;
  session_snapshot(session: number): number;
  session_free(session: number): void;
  session_about(session: number): number;
  session_ending(session: number): number;
  session_event(session: number, n: number): number;
  session_rewrite(session: number, n: number): number;
  classify(n: number): number;
  explain(n: number): number;
  said(n: number): number;
  ended(n: number): number;
  policy(n: number): number;
  session_new(n: number): number;
  share(n: number): number;
  reader_new(): number;
  reader_free(reader: number): void;
  reader_feed(reader: number, n: number): number;
  reader_events(reader: number, end: number): number;
  reader_rest(reader: number): number;
  events(): number;
}

/** Makes an instance of the module in plain JavaScript. */
export type Instantiate = () => WebAssembly.Exports;

/** What to do with held bytes: see wasm/ABI.md. */
export interface Move {
  do: "release" | "drop" | "put" | "cut";
  n: number;
  behind: number;
  /** The bytes to put. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** How many numbers the table of events has for each. */
const columnCount = 13;

/** The columns of the table of events. A range is two numbers; one that ends before it begins is absent. */
export const columns = {
  lines: 0,
  end: 1,
  type: 2,
  data: 4,
  id: 6,
  text: 8,
  reasoning: 10,
  ask: 12,
  count: columnCount,
} as const;

/** What an event says to the reader. */
export interface Said {
  text?: string;
  reasoning?: string;
}

/** What can be asked, and what the answer is. */
export interface Questions {
  classify: [Failure, Verdict];
  explain: [Failure, Trail];
  /** The plain text that an event, or a document, adds. */
  said: [Event, Said];
  /** How a document says that the answer ended. */
  ended: [Event, Ending];
  policy: [Policy, Policy];
  share: [Shared, Shared];
}

/** The module's interface as TypeScript sees it. */
export interface Engine {
  /** Asks for what depends on nothing but the question. */
  ask<Name extends keyof Questions>(name: Name, question: Questions[Name][0]): Questions[Name][1];
  delay(attempt: number): number;
  open(config: Config): number;
  /** Passes a piece of the request's body, at most {@link maxChunk} bytes. Returns whether more is wanted. */
  body(session: number, bytes: Uint8Array): boolean;
  event(session: number, happened: Happened): Answer;
  /** Passes at most {@link maxChunk} bytes. A number is how many bytes may be delivered. */
  chunk(session: number, attempt: number, bytes: Uint8Array, now: number): number | Answer;
  /** What to do with the held bytes. Undefined: deliver as many as the answer says, from the first one. */
  moves(session: number): Move[] | undefined;
  /**
   * The table of the events in the bytes that may be delivered after the last chunk: {@link columns} numbers each, with
   * offsets from the first of these bytes, which are then the first held bytes. Undefined if a reader has to find the
   * events.
   */
  events(session: number): Int32Array | undefined;
  snapshot(session: number): Snapshot;
  /** What the request says about itself, once it has started. */
  about(session: number): About;
  /** How the answer ended, after `finish`. */
  ending(session: number): Ending;
  rewrite(session: number, body: string): string;
  free(session: number): void;
  /** Whether the instance is broken. */
  trapped(): boolean;
  access: Access;
}

/** For the parts of the interface that have a file of their own, so that only those who use them carry them. */
export interface Access {
  wasm: Exports;
  /** Makes calls of `wasm`. Throws if the instance traps, or has trapped. */
  enter<T>(call: () => T): T;
  /** Writes the input of the next call. Returns 0 if it is too large. */
  write(bytes: Uint8Array): number;
  /** The events that the last call reported. Valid until the next one. */
  rows(n: number): Int32Array;
}

/** The most bytes that {@link Engine.chunk} accepts. */
export const maxChunk = 1 << 20;

const version = 3;
/** The kinds of a move, from 1. */
const kinds = ["release", "drop", "put", "cut"] as const;
/** The length of a text for which the module's buffer is always large enough. */
const smallText = 64 << 10;
const none = new Int32Array();

/** The module does not match this file: they come from different versions of the package. */
export class AbiError extends Error {}

/** Test runners simulate a browser without these, in Node.js, which has them. */
const ofNode = () =>
  (
    globalThis as {
      process?: { getBuiltinModule(name: string): Pick<typeof globalThis, "TextEncoder" | "TextDecoder"> };
    }
  ).process!.getBuiltinModule("node:util");

/**
 * Wraps an instance's exports. onTrap is called when the instance has trapped: after
 * that it must not be used again, and every call throws.
 */
export function makeEngine(exports: WebAssembly.Exports, onTrap: () => void): Engine {
  const wasm = exports as unknown as Exports;
  const { TextEncoder, TextDecoder } = globalThis.TextEncoder ? globalThis : ofNode();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let trapped: { cause: unknown } | undefined;

  function enter<T>(call: () => T): T {
    if (!trapped) {
      try {
        return call();
      } catch (cause) {
        trapped = { cause };
        onTrap();
      }
    }
    throw new Error("steadfetch: the module has trapped", trapped);
  }

  const view = (at: number, n: number) => new Uint8Array(wasm.memory.buffer, at >>> 0, n);
  let memory = new Uint8Array();

  function write(bytes: Uint8Array): number {
    const at = wasm.buffer(bytes.length);
    if (at) {
      if (memory.length === 0) {
        memory = new Uint8Array(wasm.memory.buffer); // any call may grow it, which detaches the old one
      }
      memory.set(bytes, at >>> 0);
    }
    return at;
  }

  const rows = (n: number) => (n > 0 ? new Int32Array(wasm.memory.buffer, wasm.events() >>> 0, n * columnCount) : none);

  /** Writes a text, and returns its length in UTF-8; -1 if it is too large. */
  function writeText(text: string): number {
    const most = 3 * text.length;
    if (most > smallText) {
      const bytes = encoder.encode(text);
      return write(bytes) ? bytes.length : -1;
    }
    return encoder.encodeInto(text, view(wasm.buffer(most), most)).written;
  }

  /** Calls with a text and returns the resulting text. */
  function text(call: (n: number) => number, input: string): string {
    let refused = true;
    const output = enter(() => {
      const length = writeText(input);
      if (length < 0) {
        return "";
      }
      const n = call(length);
      refused = n < 0;
      return decoder.decode(view(wasm.result(), Math.abs(n)));
    });
    if (refused) {
      throw new TypeError(`steadfetch: ${output ? JSON.parse(output).error : "the input is too large"}`);
    }
    return output;
  }

  const written = (input: unknown) => JSON.stringify(toWireShape(input));
  // A shape is what the types say: they and the module's JSON are made from the same source.
  const read = <T>(json: string) => fromWire(JSON.parse(json)) as T;
  const json = <T>(call: (n: number) => number, input: unknown) => read<T>(text(call, written(input)));

  enter(() => wasm._initialize());
  if (enter(() => wasm.abi_version()) !== version) {
    throw new AbiError("steadfetch: this module has another interface");
  }

  return {
    ask: (name, question) => json((n) => wasm[name](n), question),
    delay: (attempt) => enter(() => wasm.delay(attempt)),
    open(config) {
      let session = 0;
      text((n) => {
        session = wasm.session_new(n);
        return Math.min(session, 0);
      }, written(config));
      return session;
    },
    body: (session, bytes) =>
      enter(() => {
        write(bytes);
        return wasm.session_body(session, bytes.length) > 0;
      }),
    event: (session, happened) => json((n) => wasm.session_event(session, n), happened),
    chunk: (session, attempt, bytes, now) =>
      enter(() => {
        write(bytes);
        const n = wasm.session_chunk(session, attempt, bytes.length, now);
        return n < 0 ? read<Answer>(decoder.decode(view(wasm.result(), -n))) : n;
      }),
    moves: (session) =>
      enter(() => {
        const at = wasm.session_moves(session);
        if (!at) {
          return undefined;
        }
        const numbers = new Int32Array(wasm.memory.buffer, at >>> 0, 1);
        const list = new Int32Array(wasm.memory.buffer, (at >>> 0) + 4, 3 * numbers[0]!);
        const moves: Move[] = [];
        for (let i = 0; i < list.length; i += 3) {
          const [kind, n, third] = list.subarray(i, i + 3) as unknown as [number, number, number];
          const bytes = kind === 3 ? view(third, n).slice() : undefined;
          moves.push({ do: kinds[kind - 1]!, n, behind: third, bytes });
        }
        return moves;
      }),
    events: (session) =>
      enter(() => {
        const n = wasm.session_events(session);
        return n < 0 ? undefined : rows(n);
      }),
    snapshot: (session) => frozen(json<Snapshot>(() => wasm.session_snapshot(session), "")),
    about: (session) => json(() => wasm.session_about(session), ""),
    ending: (session) => json(() => wasm.session_ending(session), ""),
    rewrite: (session, body) => text((n) => wasm.session_rewrite(session, n), body),
    free: (session) => enter(() => wasm.session_free(session)),
    trapped: () => trapped !== undefined,
    access: { wasm, enter, write, rows },
  };
}
