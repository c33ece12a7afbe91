/** Bytes of an attempt's body that are held until the core says what becomes of them. */
export interface Held {
  push(bytes: Uint8Array): void;
  /** Gives the next n bytes, which go on: as a part of what was pushed, where they are. */
  release(n: number): Uint8Array;
  /** The next n bytes are dropped. */
  drop(n: number): void;
  /** Drops n bytes that end `behind` bytes before the end. */
  cut(n: number, behind: number): void;
  clear(): void;
}

/** The pieces as one: the very same one if it is alone. */
export function joinBytes(pieces: Uint8Array[]): Uint8Array {
  if (pieces.length === 1) {
    return pieces[0]!;
  }
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

  function take(n: number, to?: Uint8Array[]): void {
    while (n > 0) {
      const piece = pieces[gone]!;
      if (piece.length <= n) {
        n -= piece.length;
        gone++;
        to?.push(piece);
      } else {
        to?.push(piece.subarray(0, n));
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
    release(n) {
      const next = pieces[gone];
      if (next?.length === n) {
        if (++gone === pieces.length) {
          clear();
        }
        return next; // what is nearly always so
      }
      const some: Uint8Array[] = [];
      take(n, some);
      return joinBytes(some);
    },
    drop: (n) => take(n),
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
