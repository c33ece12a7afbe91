import { joinBytes } from "../session/held.js";

/** A part of a text by its offsets in bytes. One that ends before it begins is absent. */
export type Parts = (from: number, to: number) => string | undefined;

/** From this size on a part is decoded by itself: no offsets have to be counted then. */
const long = 1 << 10;
/** JavaScript engines make several texts of this size many times faster than a single one of the same total length. */
const longest = 64 << 10;

/** How many bytes a half of a UTF-16 pair, or any other character, has in UTF-8. */
const width = (code: number) => (code < 0x80 ? 1 : code < 0x800 || (code & 0xf800) === 0xd800 ? 2 : 3);

/** Decodes a text, of which `count` pieces are wanted, once, and cuts it by byte offsets. */
export function makeParts(decoder: TextDecoder, bytes: Uint8Array, count: number): Parts {
  if (bytes.length > longest) {
    const parts = cutter(decoder, [bytes]);
    if (parts) {
      return parts;
    }
  }
  const text = decoder.decode(bytes);
  if (text.length === bytes.length) {
    return (from, to) => (from > to ? undefined : text.slice(from, to)); // each byte is a character
  }
  let at = 0; // in the bytes
  let i = 0; // the same position in the text
  const place = (wanted: number): number => {
    while (at < wanted && i < text.length) {
      at += width(text.charCodeAt(i++));
    }
    while (at > wanted) {
      at -= width(text.charCodeAt(--i));
    }
    return i;
  };
  /** Whether it was valid UTF-8: invalid bytes have become characters of other sizes. */
  const whole = (): boolean => {
    place(Infinity);
    return at === bytes.length;
  };
  if (bytes.length > count * long || !whole()) {
    return (from, to) => (from > to ? undefined : decoder.decode(bytes.subarray(from, to)));
  }
  return (from, to) => (from > to ? undefined : text.slice(place(from), place(to)));
}

/** A piece of a text: bytes, or the decoded text, if they are ASCII. */
export type Piece = Uint8Array | string;

/** Decodes a piece that is ASCII, so that its bytes need not be kept as well. */
export function asText(decoder: TextDecoder, bytes: Uint8Array): Piece[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; at += longest) {
    const some = bytes.subarray(at, at + longest);
    const text = decoder.decode(some);
    if (text.length < some.length || text.includes("\uFFFD")) {
      return [bytes]; // of a character that is cut, each byte may have become one
    }
    texts.push(text);
  }
  return texts;
}

/** Cuts a text, of which one piece is wanted, that came in pieces. */
export function makeWhole(decoder: TextDecoder, pieces: Piece[]): Parts {
  const parts = pieces.some((piece) => typeof piece === "string") ? cutter(decoder, pieces) : undefined;
  if (parts) {
    return parts;
  }
  const encoder = new TextEncoder();
  const bytes = pieces.map((piece) => (typeof piece === "string" ? encoder.encode(piece) : piece));
  return makeParts(decoder, joinBytes(bytes), 1);
}

/** Cuts a text that came in pieces, as if it were one, if it is ASCII. Nothing is copied until a part is read. */
function cutter(decoder: TextDecoder, pieces: Piece[]): Parts | undefined {
  const texts: string[] = [];
  for (const piece of pieces) {
    for (const text of typeof piece === "string" ? [piece] : asText(decoder, piece)) {
      if (typeof text !== "string") {
        return undefined;
      }
      texts.push(text);
    }
  }
  return (from, to) => (from > to ? undefined : cut(texts, from, to));
}

/** The texts from one place to another, as if they were one. Nothing is copied until it is read. */
function cut(texts: string[], from: number, to: number): string {
  let some = "";
  let at = 0;
  for (const text of texts) {
    if (at < to && at + text.length > from) {
      some += text.slice(Math.max(from - at, 0), to - at);
    }
    at += text.length;
  }
  return some;
}
