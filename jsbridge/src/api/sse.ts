/** An event of a stream. */
export interface ServerSentEvent {
  event: string;
  data: string;
  id: string;
}

/**
 * Reads an event stream (WHATWG HTML, "Interpreting an event stream"). Without
 * bytes the stream has ended, and a last event without its blank line counts.
 */
export function makeParser(emit: (event: ServerSentEvent) => void): (bytes?: Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = "";
  let afterCR = false;
  let event = "";
  let data: string | undefined;
  let id = "";

  function dispatch(): void {
    if (data !== undefined) {
      emit({ event: event || "message", data, id });
    }
    data = undefined;
    event = "";
  }

  function take(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") {
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (name === "event") {
      event = value;
    } else if (name === "id" && !value.includes("\0")) {
      id = value;
    }
  }

  return (bytes) => {
    let text = decoder.decode(bytes, { stream: bytes !== undefined });
    if (text) {
      if (afterCR && text[0] === "\n") {
        text = text.slice(1); // the second half of a line end
      }
      afterCR = text.endsWith("\r");
    }
    // What came before is not split again: a line may come in many pieces.
    const lines = (bytes ? text : `${text}\n\n`).split(/\r\n|\r|\n/);
    lines[0] = rest + lines[0];
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line) {
        take(line);
      } else {
        dispatch();
      }
    }
  };
}
