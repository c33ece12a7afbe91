// Formats the tables.

const widthOf = (text) => [...text].length;
const pad = (text, width) => text + " ".repeat(Math.max(0, width - widthOf(text)));

/** Rows of cells under a head, as lines. A cell may span several columns: `{ text, span }`. */
export function table(head, rows) {
  const widths = head.map((text) => widthOf(text));
  for (const row of rows) {
    row.forEach((cell, i) => {
      if (typeof cell === "string") {
        widths[i] = Math.max(widths[i], widthOf(cell));
      }
    });
  }
  const line = (row) => {
    let text = "";
    let i = 0;
    for (const cell of row) {
      const { text: words, span } = typeof cell === "string" ? { text: cell, span: 1 } : cell;
      const width = widths.slice(i, i + span).reduce((sum, w) => sum + w + 3, -3);
      text += `${text && " │ "}${pad(words, width)}`;
      i += span;
    }
    return text.trimEnd();
  };
  return [line(head), widths.map((w) => "─".repeat(w)).join("─┼─"), ...rows.map(line)].join("\n");
}

/** A short form of an outcome. */
export function brief({ outcome, ok, requests, byHand }) {
  const [what, detail] = outcome.split(/:(.*)/s);
  const n = requests ?? (what === "recovered" ? 2 : 1);
  const signs = {
    recovered: `✓${n}`,
    complete: `✓${n}`,
    error: `✗ ${detail}`,
    passed: `→ ${detail}`,
  };
  return `${ok ? "" : "WRONG "}${signs[what] ?? outcome}${byHand ? "*" : ""}`;
}

export const legend = `✓n          the exact answer, once, after n requests
✗ kind      the client got the right error of the engine
→ status    the provider's own final response was passed on to the client
*           read by hand, since the SDK's own parser cannot read this with any fetch
n/a         the combination does not exist, for the reason given
WRONG       what must not happen`;
