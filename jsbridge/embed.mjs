// Writes a module's bytes as a string in JavaScript.
//
// A bundle is served compressed, so what counts is its size after gzip. There,
// base64 costs a quarter more than the bytes themselves, since it hides that
// byte sequences repeat, and hex a tenth. So every byte keeps a code of its own
// here: one printable character for the 87 most frequent bytes, two for the
// others. That compresses as well as the bytes do, needs no character set
// beyond ASCII, and is decoded by a plain loop.
import { readFileSync } from "node:fs";

const unfit = "\"'`$\\<"; // would be escaped, in JavaScript or in a page
const alphabet = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter((c) => !unfit.includes(c));
const escapes = 2;
const singles = alphabet.length - escapes;

/** The bytes in the order of their codes: first those of one character, then the others. */
function order(isFrequent) {
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  return [...all.filter(isFrequent), ...all.filter((byte) => !isFrequent(byte))];
}

export function encode(bytes) {
  const count = new Array(256).fill(0);
  for (const byte of bytes) {
    count[byte]++;
  }
  const ranked = Array.from({ length: 256 }, (_, byte) => byte).sort((a, b) => count[b] - count[a] || a - b);
  const frequent = new Set(ranked.slice(0, singles));
  const codes = [];
  order((byte) => frequent.has(byte)).forEach((byte, i) => {
    const j = i - singles;
    codes[byte] =
      j < 0 ? alphabet[escapes + i] : alphabet[Math.floor(j / alphabet.length)] + alphabet[j % alphabet.length];
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
export function embedded() {
  const codes = [];
  for (let c = 32, n = 0; c < 127; c++) if (!${JSON.stringify(unfit)}.includes(String.fromCharCode(c))) codes[c] = n++;
  const all = [...Array(256).keys()];
  const order = [...all.filter(isFrequent), ...all.filter((byte) => !isFrequent(byte))];
  const out = new Uint8Array(${bytes.length});
  for (let i = 0, at = 0; at < out.length; at++) {
    const code = codes[text.charCodeAt(i++)];
    out[at] = order[code < ${escapes} ? ${singles} + code * ${alphabet.length} + codes[text.charCodeAt(i++)] : code - ${escapes}];
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
