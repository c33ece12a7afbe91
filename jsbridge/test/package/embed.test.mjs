// The module as a string in JavaScript: it is decoded unchanged, and the string needs no escaping.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { encode, source } from "../../embed.mjs";

const module = readFileSync(new URL("../../../wasm/steadfetch.wasm", import.meta.url));
const decoded = async (bytes) => {
  const { embedded } = await import(`data:text/javascript,${encodeURIComponent(source(bytes))}`);
  return embedded();
};
/** Bytes that no compiler produces, the same in each run. */
const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31 + i * 7) >>> 3);

for (const [name, bytes] of Object.entries({
  "the module": module,
  "every byte": Uint8Array.from({ length: 256 }, (_, i) => i),
  "rare characters": Uint8Array.from({ length: 4096 }, (_, i) => 160 + (i % 90)),
  "characters that would be escaped": new TextEncoder().encode("\"'`$\\<%&".repeat(20)),
  noise,
  nothing: new Uint8Array(),
})) {
  test(`${name} is decoded unchanged`, async () => {
    assert.deepEqual(Buffer.from(await decoded(bytes)), Buffer.from(bytes));
    const { text } = encode(bytes);
    assert.match(text, /^[ -~]*$/);
    assert.doesNotMatch(text, /["'`$\\<]/);
  });
}

test("the module's texts stay readable, so that they compress with others", () => {
  assert.match(encode(module).text, /retry_after_too_long/);
});
