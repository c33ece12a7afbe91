// Turns pasted text into the failure that the engine classifies. It looks at the
// form only: an HTTP response, a stream's event, a thrown error as runtimes print
// it, or JSON.

/** Returns `{failure, readAs}`; undefined for an empty text. */
export function parseFailure(pasted) {
  const text = pasted.trim();
  if (!text) {
    return undefined;
  }
  return response(text) ?? event(text) ?? json(text) ?? thrown(text);
}

const isFailure = (x) =>
  ["phase", "status", "headers", "body", "event", "provider"].some((name) => name in x) &&
  (x.error === undefined || (typeof x.error === "object" && !("type" in (x.error ?? {}))));

function json(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  if (!Array.isArray(value) && isFailure(value) && typeof (value.body ?? "") === "string") {
    return { failure: value, readAs: "a failure, field by field" };
  }
  return { failure: { phase: "response", body: text }, readAs: `a body of ${size(text)}` };
}

/** `HTTP/1.1 429 Too Many Requests`, `429 Too Many Requests` or `status: 429`, then headers, a blank line, a body. */
function response(text) {
  const [, code, rest = ""] =
    /^(?:HTTP\/[\d.]+ |status(?: code)?[:=]? *)?([1-5]\d\d)\b[^\r\n{]*(?:\r?\n([\s\S]*))?$/i.exec(text) ?? [];
  if (!code) {
    return undefined;
  }
  const headers = {};
  const lines = rest.split(/\r?\n/);
  while (lines.length > 0) {
    const header = /^([\w-]+): *(.*)$/.exec(lines[0]);
    if (!header) {
      break;
    }
    headers[header[1].toLowerCase()] = header[2];
    lines.shift();
  }
  const body = lines.join("\n").trim();
  const n = Object.keys(headers).length;
  return {
    failure: { phase: "response", status: Number(code), headers, body },
    readAs: `a response, status ${code}, ${n} ${n === 1 ? "header" : "headers"}, ${body ? `a body of ${size(body)}` : "no body"}`,
  };
}

/** `event: …` and `data: …`, as in a stream. */
function event(text) {
  if (!/^(event|data):/.test(text)) {
    return undefined;
  }
  const field = (name) =>
    text
      .split(/\r?\n/)
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim());
  const [name = "message"] = field("event");
  return {
    failure: { phase: "midstream", status: 200, event: { event: name, data: field("data").join("\n") } },
    readAs: `an event in a stream that began well`,
  };
}

/** `TypeError: fetch failed`, with `[cause]: Error: read ECONNRESET` below. Stack lines are ignored. */
function thrown(text) {
  const causes = text
    .split(/^\s*(?:\[cause\]|caused by):\s*/im)
    .map((part) => one(part.trim()))
    .filter((error) => error.message || error.name);
  const error = causes.reduceRight((cause, own) => (cause ? { ...own, cause } : own), undefined);
  return {
    failure: { error },
    readAs: causes.length > 1 ? `a thrown error and ${causes.length - 1} below it` : "a thrown error",
  };
}

function one(text) {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s+at |^\s*[{}]\s*$/.test(line));
  const code = lines.map((line) => /^\s*code: ['"]?([\w-]+)/.exec(line)?.[1]).find(Boolean);
  const message = lines
    .filter((line) => !/^\s*(errno|code|syscall|address|port|hostname): /.test(line))
    .join("\n")
    .replace(/\s*\{\s*$/, "")
    .trim();
  const [, name, rest] =
    /^(?:Uncaught )?(?:\(in promise\) )?(\w*(?:Error|Exception))(?: \[\w+\])?: ([\s\S]*)$/.exec(message) ?? [];
  return { ...(name && { name }), message: rest ?? message, ...(code && { code }) };
}

function size(text) {
  const bytes = new TextEncoder().encode(text).length;
  return bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} KiB`;
}
