// The labelled errors of testdata/corpus, for the playground.
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../testdata/corpus/", import.meta.url);
let cases;

function load() {
  cases ??= new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) => readFileSync(new URL(name, folder), "utf8").trimEnd().split("\n"))
      .map((line) => JSON.parse(line))
      .map((one) => [one.id, one]),
  );
  return cases;
}

/** The list to choose from: `[id, provider, kind]` of each case. */
export const corpusIndex = () => [...load().values()].map(({ id, provider, kind }) => [id, provider ?? "", kind]);

const known = (pairs) => Object.fromEntries(pairs.filter(([, value]) => value !== null && value !== undefined));

/** An error in the engine's form: only the members that it reads, with the code as text. */
function errorInfo(error) {
  if (!error) {
    return undefined;
  }
  const { name, message, code, cause } = error;
  return known(Object.entries({ name, message, code: code && String(code), cause: errorInfo(cause) }));
}

/** One case: the failure as a classifier sees it, and its labels. */
export function caseOf(id) {
  const found = load().get(id);
  if (!found) {
    return undefined;
  }
  const { phase, status, headers, body, error, event, source } = found;
  const { retryable, kind, retry_after_ms, ambiguous } = found;
  return {
    failure: known(Object.entries({ phase, status, headers, body, error: errorInfo(error), event })),
    labels: { retryable, kind, retryAfterMs: retry_after_ms ?? undefined, ambiguous },
    source,
  };
}
