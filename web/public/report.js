// Exports a verdict as a test vector or as a bug report.
import { toWireShape } from "./vendor/engine.js";

/** As in testdata/classify/vectors.json. It contains the failure as it was pasted, including secrets. */
export const testVector = (failure, verdict) =>
  JSON.stringify({ name: "name it by what it shows", failure: toWireShape(failure), verdict: toWireShape(verdict) });

/** The failure, reduced to what the classifier regards as safe to show. */
function facts({ phase, status, headers = {}, event, error }, { detail }, readAs) {
  const rows = {
    "read as": readAs,
    phase,
    status,
    headers: Object.keys(headers).join(", "),
    event: event?.event,
    error: [error?.name, error?.code].filter(Boolean).join(" "),
    "message, redacted": detail,
  };
  return Object.entries(rows)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `* ${name}: ${value}`);
}

/** A bug report in Markdown. It contains neither the body nor the text that the rules matched. */
export function bugReport(failure, { verdict, steps = [] }, readAs) {
  const { retryable, kind, rule, provider = "unknown", retryAfterMs } = verdict;
  const spoke = steps
    .filter(({ phrase, decided }) => phrase || decided)
    .map(({ rule, phrase, where, decided }) => {
      const why = phrase ? `“${phrase}” in ${where}` : "by status or structure";
      return `* ${rule}: ${why}${decided ? " (decided)" : ""}`;
    });
  return [
    "### The failure",
    ...facts(failure, verdict, readAs),
    "",
    "### The verdict",
    `* ${retryable ? "try again" : "stop"}, kind \`${kind}\`, rule \`${rule}\`, provider ${provider}`,
    ...(retryAfterMs === undefined ? [] : [`* asked to wait ${retryAfterMs} ms`]),
    "",
    "### How it was decided",
    ...spoke,
    "",
    "### What it should be, and why",
    "",
  ].join("\n");
}
