import { joinBytes } from "../session/held.js";

/** The text in an error's body that SDKs show: the first one, in any object. */
const shown = /"(?:message|detail|error)"\s*:\s*"(?:[^"\\]|\\.)*(?=")/;

/** An error's body with a note in brackets added to its text; unchanged if no text is found. */
export function noted(body: Uint8Array, note: string): Uint8Array {
  // One character for each byte, so that offsets in the text are offsets in the bytes.
  const found = shown.exec(new TextDecoder("latin1").decode(body));
  if (!found) {
    return body;
  }
  const at = found.index + found[0].length;
  const added = new TextEncoder().encode(` (${JSON.stringify(note).slice(1, -1)})`);
  return joinBytes([body.subarray(0, at), added, body.subarray(at)]);
}
