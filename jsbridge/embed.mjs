// Writes a module's bytes as a string in JavaScript.
//
// A bundle is served compressed, so what counts is its size after gzip. There,
// base64 costs a quarter more than the bytes themselves, since it hides that
// byte sequences repeat, and hex a tenth. So every byte keeps a code of its own
// here: one printable character for the 87 most frequent bytes, two for the
// others. That compresses as well as the bytes do, needs no character set
// beyond ASCII, and is decoded by a plain loop. A frequent byte that is a
// character stands for itself, so that the module's texts stay texts: the
// JavaScript beside them has the same words, and brotli knows them, too.
import { readFileSync } from "node:fs";

/** The first characters of codes of two. Hardly any byte of a module is one of them. */
const escapes = "%&";
/** What would be escaped, in JavaScript or in a page. */
const unfit = "\"'`$\\<";

/** The characters of codes of one, and the bytes that they stand for; and the bytes that have codes of two. */
function alphabet(isFrequent, without) {
  const bytes = [...Array(256).keys()];
  const characters = bytes.filter((byte) => byte > 31 && byte < 127 && !without.includes(String.fromCharCode(byte)));
  const others = bytes.filter((byte) => isFrequent(byte) && !characters.includes(byte));
  const singles = characters.map((byte) => (isFrequent(byte) ? byte : others.shift()));
  return { characters, singles, doubles: bytes.filter((byte) => !isFrequent(byte)) };
}

export function encode(bytes) {
  const count = new Array(256).fill(0);
  for (const byte of bytes) {
    count[byte]++;
  }
  const ranked = Array.from({ length: 256 }, (_, byte) => byte).sort((a, b) => count[b] - count[a] || a - b);
  const frequent = new Set(ranked.slice(0, 95 - unfit.length - escapes.length));
  const { characters, singles, doubles } = alphabet((byte) => frequent.has(byte), unfit + escapes);
  const letters = characters.map((code) => String.fromCharCode(code));
  const codes = [];
  singles.forEach((byte, i) => {
    codes[byte] = letters[i];
  });
  doubles.forEach((byte, i) => {
    codes[byte] = escapes[Math.floor(i / letters.length)] + letters[i % letters.length];
  });
  const map = Array.from({ length: 64 }, (_, i) =>
    [0, 1, 2, 3].reduce((bits, j) => bits | (frequent.has(4 * i + j) ? 1 << j : 0), 0).toString(16),
  ).join("");
  return { map, text: Array.from(bytes, (byte) => codes[byte]).join("") };
}

/** The JavaScript that decodes. */
export function source(bytes) {
  const { map, text } = encode(bytes);
  return `
const map = "${map}";
const text = "${text}";
const isFrequent = (byte) => (parseInt(map[byte >> 2], 16) >> (byte & 3)) & 1;
${alphabet}
export function embedded() {
  const { characters, singles, doubles } = alphabet(isFrequent, ${JSON.stringify(escapes + unfit)});
  const n = characters.length;
  const places = [];
  [...characters, ${[...escapes].map((c) => c.charCodeAt(0))}].forEach((code, i) => { places[code] = i; });
  const out = new Uint8Array(${bytes.length});
  for (let i = 0, at = 0; at < out.length; at++) {
    const place = places[text.charCodeAt(i++)];
    out[at] = place < n ? singles[place] : doubles[(place - n) * n + places[text.charCodeAt(i++)]];
  }
  return out;
}
`;
}

const forms = {
  /** The bytes as a string. */
  inline: (path) => source(readFileSync(path)),
  /** A module that the runtime has compiled. */
  imported: () => 'import module from "./steadfetch.wasm"; export const embedded = () => module;',
  /** Plain JavaScript. */
  plain: () => 'import { instantiate } from "./plain.js"; export const embedded = () => instantiate;',
  /** Nothing, to weigh the rest. */
  none: () => "export const embedded = () => new Uint8Array(0);",
};

/** An esbuild plugin that puts the module at the path, in one of the forms, in the place of "embedded:steadfetch". */
export function embed(path, form = "inline") {
  return {
    name: "embed",
    setup(build) {
      build.onResolve({ filter: /^embedded:/ }, ({ path }) => ({ path, namespace: "embedded", sideEffects: false }));
      build.onResolve({ filter: /^\.\//, namespace: "embedded" }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /.*/, namespace: "embedded" }, () => ({ contents: forms[form](path), loader: "js" }));
    },
  };
}
