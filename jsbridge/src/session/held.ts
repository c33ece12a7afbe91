type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of an attempt's body that are held until the core says what becomes of them. */
export interface Held {
  push(bytes: Uint8Array): void;
  /** The next n bytes go on: they are added to `to`. */
  release(n: number, to: Bytes[]): void;
  /** The next n bytes are dropped. */
  drop(n: number): void;
  /** Drops n bytes that end `behind` bytes before the end. */
  cut(n: number, behind: number): void;
  clear(): void;
}

/** A stream of bytes takes over the whole buffer of what it is given, so a part of a larger one is copied. */
const own = (bytes: Uint8Array): Bytes =>
  bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength ? (bytes as Bytes) : bytes.slice();

export function joinBytes(pieces: Uint8Array[]): Bytes {
  const all = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

export function makeHeld(): Held {
  let pieces: Uint8Array[] = [];
  let gone = 0; // of pieces: to shift each of many would be quadratic

  function clear(): void {
    pieces = [];
    gone = 0;
  }

  function next(n: number, to?: Bytes[]): void {
    while (n > 0) {
      const piece = pieces[gone]!;
      if (piece.length <= n) {
        n -= piece.length;
        gone++;
        to?.push(own(piece));
      } else {
        to?.push(piece.slice(0, n) as Bytes);
        pieces[gone] = piece.subarray(n);
        n = 0;
      }
    }
    if (gone === pieces.length) {
      clear();
    }
  }

  return {
    push: (bytes) => void pieces.push(bytes),
    release: next,
    drop: (n) => next(n),
    cut(n, behind) {
      const after: Uint8Array[] = [];
      /** Takes n bytes off the end. */
      const last = (n: number, keep: boolean): void => {
        while (n > 0) {
          const piece = pieces.pop()!;
          const at = Math.max(piece.length - n, 0);
          n -= piece.length - at;
          if (at) {
            pieces.push(piece.subarray(0, at));
          }
          if (keep) {
            after.unshift(piece.subarray(at));
          }
        }
      };
      last(behind, true);
      last(n, false);
      pieces.push(...after);
    },
    clear,
  };
}
