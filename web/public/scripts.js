// What the provider can be told to do, and what can happen to the machine. `run` is a run of chattest
// (hosttest/chattest/README.md): attempt k meets faults[k-1], and after the last fault requests succeed. `mishap` is one
// of mishap.js.

const quota = {
  status: 429,
  error_type: "insufficient_quota",
  error_code: "insufficient_quota",
  message: "You exceeded your current quota, please check your plan and billing details.",
};

export const scripts = {
  healthy: { name: "Nothing", tag: "healthy", run: {} },
  rate_limit: {
    name: "Rate limited",
    tag: "429 Retry-After 3",
    run: { faults: [{ status: 429, headers: { "retry-after": "3" } }] },
  },
  overloaded: { name: "Overloaded, twice", tag: "529", run: { faults: [{ status: 529, times: 2 }] } },
  in_band: {
    name: "Overloaded in the stream",
    tag: "200, error event",
    run: { faults: [{ kind: "error", status: 503 }] },
    anthropic: { faults: [{ kind: "error", status: 529 }] },
  },
  reset: { name: "Connection reset", tag: "RST", run: { faults: [{ kind: "reset" }] } },
  truncated: { name: "Stream just ends", tag: "EOF", run: { faults: [{ kind: "eof" }] } },
  stall: {
    name: "Silence behind pings",
    tag: "stall",
    run: { faults: [{ kind: "stall", ping_ms: 300 }] },
  },
  hidden: {
    name: "Retry-After hidden",
    tag: "429 not exposed",
    run: { expose: [], faults: [{ status: 429, headers: { "retry-after": "3" } }] },
  },
  ends: {
    name: "The answer just ends",
    tag: "EOF at token 12",
    run: { faults: [{ kind: "eof", at_token: 12 }] },
  },
  cut: {
    name: "Cut in mid-answer",
    tag: "RST at token 20",
    run: { faults: [{ kind: "reset", at_token: 20 }] },
  },
  half: {
    name: "Cut inside a character",
    tag: "half of ö",
    run: { faults: [{ kind: "reset", at_token: 11, half: "char" }] },
  },
  error_after: {
    name: "Overloaded in mid-answer",
    tag: "error event",
    run: { faults: [{ kind: "error", status: 503, at_token: 14 }] },
    anthropic: { faults: [{ kind: "error", status: 529, at_token: 14 }] },
  },
  stall_after: {
    name: "Stalls in mid-answer",
    tag: "pings go on",
    run: { faults: [{ kind: "stall", at_token: 14, ping_ms: 300 }] },
  },
  dies: { name: "The server is down for 10 s", tag: "refused", run: {}, mishap: "server" },
  offline: { name: "Offline, and back", tag: "5 s", run: {}, mishap: "offline" },
  sleep: { name: "The laptop sleeps", tag: "30 min", run: {}, mishap: "sleep" },
  bad_day: {
    name: "A bad day",
    tag: "502 RST error EOF",
    run: {
      faults: [
        { kind: "html" },
        { kind: "reset" },
        { kind: "error", status: 429, at_token: 12 },
        { kind: "eof", at_token: 30, half: "char" },
      ],
    },
  },
  auth: { name: "Wrong key", tag: "401", run: { faults: [{ status: 401 }] } },
  quota: { name: "Usage limit reached", tag: "429 quota", run: { faults: [quota] } },
  too_long: {
    name: "Told to wait an hour",
    tag: "429 Retry-After 3600",
    run: { faults: [{ status: 429, headers: { "retry-after": "3600" } }] },
  },
  cors: { name: "No CORS at all", tag: "blocked", run: { cors: false } },
};

/** The scripts, grouped by when they strike and whether a retry helps. */
export const groups = {
  "Before the first token": ["healthy", "rate_limit", "overloaded", "in_band", "reset", "truncated", "stall", "hidden"],
  "After the first token": ["ends", "cut", "half", "error_after", "stall_after", "dies", "offline", "sleep", "bad_day"],
  "No retry helps": ["auth", "quota", "too_long", "cors"],
};

/** The run to register for a script in a protocol. */
export const runOf = (id, protocol) => scripts[id][protocol] ?? scripts[id].run;

/** The same, but faults that no retry helps last forever, so that a second request does not succeed. */
export function lastingRunOf(id, protocol) {
  const run = runOf(id, protocol);
  return groups["No retry helps"].includes(id) && run.faults
    ? { ...run, faults: run.faults.map((fault) => ({ ...fault, times: -1 })) }
    : run;
}
