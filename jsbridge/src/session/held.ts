/** Bytes of an attempt's body that are held until the core decides about them. */
export interface Held {
  push(bytes: Uint8Array): void;
  /** Adds the next n bytes, which are to be delivered, to `to`, as parts of the pushed pieces. */
  release(n: number, to: Uint8Array[]): void;
  /** Returns the next n bytes as one piece, valid only until the next call. */
  lend(n: number): Uint8Array;
  /** Drops the next n bytes. */
  drop(n: number): void;
  /** Drops n bytes that end `behind` bytes before the end. */
  cut(n: number, behind: number): void;
  clear(): void;
}

/** Lent bytes are written here, if they fit. */
const lent = new Uint8Array(64 << 10);

/** Smaller pieces cost less to copy than to deliver one by one. */
const small = 4 << 10;

/** The pieces as they are to be delivered: joined if they are few bytes in all, or small. */
export function fewer(pieces: Uint8Array[]): Uint8Array[] {
  const n = pieces.length > 1 ? pieces.reduce((n, piece) => n + piece.length, 0) : 0;
  return n > 0 && n <= Math.max(lent.length, pieces.length * small) ? [joinBytes(pieces)] : pieces;
}

/** The pieces as one: a single piece itself, else a copy, in `into` if there is room. */
export function joinBytes(pieces: Uint8Array[], into?: Uint8Array): Uint8Array {
  if (pieces.length === 1) {
    return pieces[0]!;
  }
  const n = pieces.reduce((n, piece) => n + piece.length, 0);
  const all = into && n <= into.length ? into.subarray(0, n) : new Uint8Array(n);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

export function makeHeld(): Held {
  let pieces: Uint8Array[] = [];
  let gone = 0; // of pieces: shifting each of many would be quadratic

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
    release: take,
    lend(n) {
      const some: Uint8Array[] = [];
      take(n, some);
      return joinBytes(some, lent);
    },
    drop: (n) => take(n),
    cut(n, behind) {
      const after: Uint8Array[] = [];
      /** Removes n bytes from the end. */
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
