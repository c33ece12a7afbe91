import { columns, type Engine } from "./abi.js";

/** Finds the events in the bytes that a consumer gets. */
export interface EventReader {
  /**
   * Reads the next bytes, at most `maxChunk`, or the end of the stream, and returns the table of the events that
   * end in them: `columns.count` numbers each, offsets from the first of these bytes, valid until the next call of any
   * function. Undefined if an event is too large.
   */
  read(bytes: Uint8Array | undefined): Int32Array | undefined;
  /** How many bytes at the end belong to an event that has not ended. */
  rest(): number;
  free(): void;
}

/** How many events are reported at a time. */
const mostEvents = 1024;

export function makeEventReader({ access: { wasm, enter, write, rows }, trapped }: Engine): EventReader {
  const id = enter(() => wasm.reader_new());
  return {
    read: (bytes) =>
      enter(() => {
        if (bytes && (!write(bytes) || !wasm.reader_feed(id, bytes.length))) {
          return undefined;
        }
        const table = () => rows(wasm.reader_events(id, bytes ? 0 : 1));
        const first = table();
        if (first.length < mostEvents * columns.count) {
          return first;
        }
        const tables = [first.slice()];
        while (tables.at(-1)!.length === mostEvents * columns.count) {
          tables.push(table().slice());
        }
        return joined(tables);
      }),
    rest: () => enter(() => wasm.reader_rest(id)),
    free: () => {
      if (!trapped()) {
        enter(() => wasm.reader_free(id));
      }
    },
  };
}

function joined(tables: Int32Array[]): Int32Array {
  const all = new Int32Array(tables.reduce((n, table) => n + table.length, 0));
  let at = 0;
  for (const table of tables) {
    all.set(table, at);
    at += table.length;
  }
  return all;
}
