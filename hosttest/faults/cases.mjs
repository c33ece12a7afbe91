// The faults, by the names that the Go tests use, and the required outcome of a request that meets one.

export const answer = "Größe zählt: 日本語 and 🚀, one word after the other, to the very end 👩‍💻.";

export const beforeOutput = "before output";
export const firstToken = "after the first token";
export const midAnswer = "in mid-answer";
export const lastEvent = "in the last event";
export const everywhere = "everywhere"; // it shapes the whole answer
export const places = [beforeOutput, firstToken, midAnswer, lastEvent];

export const names = ["anthropic", "openai-chat", "openai-responses", "gemini"];
/** The protocols that send the finish reason in an event before the last one. */
const saysWhy = ["anthropic", "openai-chat"];

/**
 * kind: the verdict's kind, or a list with one for each protocol.
 * permanent: no second request can help.
 * whole: the answer is complete in spite of it.
 * placed: it strikes at each of the places.
 * stalls: the policy needs time limits.
 * wait: how long the provider asks to wait, in ms.
 * byHand: protocols whose SDK cannot read this with the runtime's own fetch either: Google's SDK loses an event with a
 *   comment in it, and no SDK reads a document as a stream.
 */
export const faults = [
  {
    name: "in-band error",
    fault: { kind: "error" },
    placed: true,
    kind: ["overloaded", "server", "server", "overloaded"],
  },
  { name: "in-band rate limit", fault: { kind: "error", status: 429 }, placed: true, kind: "rate_limit" },
  {
    name: "in-band bad request",
    fault: { kind: "error", status: 400 },
    placed: true,
    kind: "invalid_request",
    permanent: true,
  },
  { name: "end of file", fault: { kind: "eof" }, placed: true, kind: "truncated" },
  { name: "half an event", fault: { kind: "eof", half: "event" }, placed: true, kind: "truncated" },
  { name: "half a character", fault: { kind: "eof", half: "char" }, placed: true, kind: "truncated" },
  { name: "drop", fault: { kind: "drop" }, placed: true, kind: "network" },
  { name: "reset", fault: { kind: "reset" }, placed: true, kind: "network" },
  { name: "reset in an event", fault: { kind: "reset", half: "event" }, placed: true, kind: "network" },
  { name: "stall", fault: { kind: "stall" }, placed: true, stalls: true, kind: "silence" },
  {
    name: "stall behind pings",
    fault: { kind: "stall", ping_ms: 50 },
    placed: true,
    stalls: true,
    kind: "silence",
  },

  { name: "429 with Retry-After", fault: { status: 429, headers: { "retry-after-ms": "120" } }, wait: 120 },
  { name: "408", fault: { status: 408 } },
  { name: "500", fault: { status: 500 } },
  { name: "503", fault: { status: 503 } },
  { name: "524", fault: { status: 524 } },
  { name: "529", fault: { status: 529, error_type: "overloaded_error", message: "Overloaded" } },
  { name: "HTML 502", fault: { kind: "html" } },
  {
    name: "HTML 502 as 200",
    fault: {
      kind: "status",
      status: 200,
      content_type: "text/html",
      body: "<html><head><title>502 Bad Gateway</title></head></html>",
    },
  },
  { name: "JSON error with 200", fault: { kind: "json_error" } },
  { name: "huge error", fault: { kind: "huge_error", size: 1 << 20 } },
  { name: "empty body", fault: { kind: "empty_body" } },
  { name: "empty answer", fault: { empty_output: true } },
  { name: "reset on connecting", fault: { kind: "reset", at: "connect" } },
  { name: "reset before the headers", fault: { kind: "reset", at: "before_headers" } },
  { name: "drop before the headers", fault: { kind: "drop", at: "before_headers" } },
  { name: "stall before the headers", fault: { kind: "stall", at: "before_headers" }, stalls: true },
  { name: "stall before any event", fault: { kind: "stall", at: "first_event" }, stalls: true },
  { name: "end before any event", fault: { kind: "eof", at: "first_event" } },

  { name: "HTML of another site", fault: { kind: "html", status: 200 }, permanent: true, kind: "invalid_request" },
  { name: "400", fault: { status: 400 }, permanent: true, kind: "invalid_request" },
  { name: "401", fault: { status: 401 }, permanent: true, kind: "auth" },
  { name: "403", fault: { status: 403 }, permanent: true, kind: "permission" },
  {
    name: "404",
    fault: { status: 404 },
    permanent: true,
    kind: ["invalid_request", "model_not_found", "model_not_found", "model_not_found"],
  },
  {
    name: "insufficient quota",
    fault: {
      status: 429,
      error_type: "insufficient_quota",
      message: "You exceeded your current quota, please check your plan and billing details.",
    },
    permanent: true,
    kind: "quota",
  },

  { name: "slow drip", fault: { drip_ms: 1, chunk_bytes: 50 }, whole: true },
  { name: "chunks of one byte", fault: { chunk_bytes: 1 }, whole: true },
  { name: "gzip", fault: { gzip: true }, whole: true },
  { name: "wrong content type", fault: { content_type: "text/plain" }, whole: true },
  { name: "redirect", fault: { kind: "redirect" }, whole: true },
  { name: "CR", fault: { line_ending: "cr" }, whole: true },
  {
    name: "CRLF, BOM and comments",
    fault: { line_ending: "crlf", bom: true, comments: true },
    whole: true,
    byHand: ["gemini"],
  },
  { name: "no [DONE]", fault: { no_done: true }, whole: true },
  { name: "no last blank line", fault: { no_final_blank: true }, whole: true },
  { name: "no last line end", fault: { no_final_newline: true }, whole: true },
  { name: "never closes", fault: { hang_after_end: true }, whole: true },
  { name: "a short stall", fault: { kind: "stall", at_token: 3, for_ms: 100 }, whole: true },
  { name: "length", fault: { finish: "length" }, whole: true, finish: "length" },
  { name: "JSON answer", fault: { kind: "json_answer" }, whole: true, json: true, byHand: names },
  {
    name: "content filter",
    fault: { finish: "content_filter" },
    permanent: true,
    kind: "content_policy",
    finish: "content_filter",
  },
  { name: "no end marker", fault: { no_end_marker: true }, kind: "truncated" },
];

/** The places at which a fault strikes. */
export function placesOf(c) {
  if (c.placed) {
    return places;
  }
  return c.whole || c.fault.no_end_marker || c.fault.finish ? [everywhere] : [beforeOutput];
}

/** The fault at a place, in the provider's form. */
export function faultAt(c, place) {
  if (!c.placed) {
    return c.fault;
  }
  const at = {
    [beforeOutput]: {},
    [firstToken]: { at_token: 1 },
    [midAnswer]: { at_token: 6 },
    [lastEvent]: { at: "in_last_event" },
  };
  // The place is only right if the events arrive one by one: output that
  // arrives together with its failure is not delivered, and so is retried.
  return { ...c.fault, ...at[place], chunk_bytes: 1 << 20, drip_ms: place === firstToken ? 100 : 20 };
}

/**
 * The required outcome of a request: "complete" by the first attempt, "recovered"
 * by a later one, "error:KIND" from the engine, or "passed:STATUS", the provider's
 * own response.
 */
export function want(client, name, c, place) {
  const streams = client === "stream";
  if (c.whole) {
    return "complete";
  }
  if (place === lastEvent && saysWhy.includes(name)) {
    return "complete"; // only the marker was lost
  }
  if (c.fault.finish && !streams) {
    return "complete"; // the client sees the finish reason
  }
  const kind = Array.isArray(c.kind) ? c.kind[names.indexOf(name)] : c.kind;
  const committed = place === firstToken || place === midAnswer || place === lastEvent || place === everywhere;
  if (c.permanent && !committed && !streams) {
    if (c.fault.kind === "html") {
      return `error:${kind}`; // an SDK would read it as an empty stream
    }
    return `passed:${c.fault.kind === "error" ? 200 : c.fault.status}`;
  }
  if (c.permanent || (committed && client === "createFetch")) {
    return `error:${kind}`;
  }
  return "recovered";
}
