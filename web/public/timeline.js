// Draws the provider's log of a run: a bar per request, and the waits between them.

const make = (tag, className, text = "") => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};

const seconds = (ms) => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;

const places = {
  connect: "while sending",
  before_headers: "before the headers",
  first_event: "before the first event",
  before_output: "before any output",
  before_end: "before the end",
  in_last_event: "in the last event",
};

/** Describes a fault, short enough for a line of the log. */
function describe(fault) {
  if (!fault) {
    return "whole answer";
  }
  const place = places[fault.at] ?? (fault.at_token ? `after ${fault.at_token} tokens` : places.before_output);
  switch (fault.kind ?? "status") {
    case "status": {
      const asked = fault.headers?.["retry-after"];
      return asked === undefined ? "error status" : `Retry-After: ${asked}`;
    }
    case "html":
      return "a gateway's HTML page";
    case "error":
      return `error event ${place}`;
    case "eof":
      return `ends ${place}`;
    case "drop":
      return `closed ${place}`;
    case "reset":
      return `reset ${place}`;
    case "stall":
      return `silent ${place}`;
    default:
      return fault.kind;
  }
}

/** How a request ended, as the provider saw it. */
function outcome(request) {
  if (!request.done) {
    return "open";
  }
  if (request.client_gone && !request.fault) {
    return "gone";
  }
  return request.fault ? "fault" : "good";
}

/** How long the server asked to wait after this request, in ms, if it did. */
function asked(request) {
  const header = Number(request?.fault?.headers?.["retry-after"]);
  return Number.isFinite(header) ? header * 1000 : undefined;
}

/** The rows for a log. `nowMs` is the time on the log's clock, or 0 when the log is complete. */
function rows(log, nowMs) {
  const { requests, preflights } = log;
  const first = requests[0]?.at_ms ?? 0;
  const ends = requests.map((r) => (r.done ? r.done_ms : Math.max(nowMs, r.at_ms)));
  const whole = Math.max(...ends, nowMs) - first || 1;
  const made = requests.map((request, i) => ({
    attempt: request.attempt,
    left: (request.at_ms - first) / whole,
    width: (ends[i] - request.at_ms) / whole,
    outcome: outcome(request),
    status: request.status || "–",
    what: request.client_gone && !request.fault ? "left by the page" : describe(request.fault),
    waited: i > 0 ? Math.max(request.at_ms - ends[i - 1], 0) : undefined,
    asked: i > 0 ? asked(requests[i - 1]) : undefined,
    at: request.at_ms - first,
  }));
  return {
    made,
    waiting: nowMs > 0 && requests.length > 0 && requests.at(-1).done ? Math.max(nowMs - ends.at(-1), 0) : undefined,
    refused: requests.length === 0 ? preflights : 0,
  };
}

/** Draws a log into a list element. `nowMs` as in rows. */
export function draw(list, log, nowMs) {
  const { made, waiting, refused } = rows(log, nowMs);
  const items = [];
  for (const row of made) {
    if (row.waited !== undefined) {
      const wait = row.asked === undefined ? "" : `, asked for ${seconds(row.asked)}`;
      items.push(make("li", "wait", `waited ${seconds(row.waited)}${wait}`));
    }
    const item = make("li", `request ${row.outcome}`);
    const track = make("span", "track");
    const bar = make("span", "bar");
    bar.style.left = `${row.left * 100}%`;
    bar.style.width = `${row.width * 100}%`;
    track.append(bar);
    const line = make("span", "line");
    line.append(
      make("span", "number", `${row.attempt}`),
      make("span", "status", `${row.status}`),
      make("span", "what", row.what),
      make("span", "time", `+${seconds(row.at)}`),
    );
    item.append(line, track);
    items.push(item);
  }
  if (waiting !== undefined) {
    items.push(make("li", "wait", `waiting, ${seconds(waiting)} so far`));
  }
  if (refused) {
    items.push(make("li", "wait", `${refused} preflight requests refused, no request sent`));
  }
  list.replaceChildren(...items);
}
