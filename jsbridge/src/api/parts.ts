/** A part of a text by its places in bytes. One that ends before it begins is none. */
export type Parts = (from: number, to: number) => string | undefined;

/** From this size on a part is decoded by itself: no places have to be counted then. */
const long = 1 << 10;

/** How many bytes a half of a UTF-16 pair, or any other character, has in UTF-8. */
const width = (code: number) => (code < 0x80 ? 1 : code < 0x800 || (code & 0xf800) === 0xd800 ? 2 : 3);

/** Decodes a text, of which `count` pieces are wanted, once, and cuts it by places in its bytes. */
export function makeParts(decoder: TextDecoder, bytes: Uint8Array, count: number): Parts {
  const text = decoder.decode(bytes);
  if (text.length === bytes.length) {
    return (from, to) => (from > to ? undefined : text.slice(from, to)); // each byte is a character
  }
  let at = 0; // in the bytes
  let i = 0; // the same place in the text
  const place = (wanted: number): number => {
    while (at < wanted && i < text.length) {
      at += width(text.charCodeAt(i++));
    }
    while (at > wanted) {
      at -= width(text.charCodeAt(--i));
    }
    return i;
  };
  /** Whether it was UTF-8: what is none has become characters of other sizes. */
  const whole = (): boolean => {
    place(Infinity);
    return at === bytes.length;
  };
  if (bytes.length > count * long || !whole()) {
    return (from, to) => (from > to ? undefined : decoder.decode(bytes.subarray(from, to)));
  }
  return (from, to) => (from > to ? undefined : text.slice(place(from), place(to)));
}
