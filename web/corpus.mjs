// The labelled errors of testdata/corpus, for the playground.
import { readFileSync } from "node:fs";

const files = ["public", "more", "recent", "apart"];
let cases;

function load() {
  cases ??= new Map(
    files
      .flatMap((file) =>
        readFileSync(new URL(`../testdata/corpus/${file}.jsonl`, import.meta.url), "utf8")
          .trimEnd()
          .split("\n"),
      )
      .map((line) => JSON.parse(line))
      .map((one) => [one.id, one]),
  );
  return cases;
}

/** What there is to choose from: `[id, provider, kind]` of each case. */
export const corpusIndex = () => [...load().values()].map(({ id, provider, kind }) => [id, provider ?? "", kind]);

/** Without what is null, and with codes as text, as the engine has them. */
function tidy(value, name) {
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, own]) => own !== null)
        .map(([key, own]) => [key, tidy(own, key)]),
    );
  }
  return name === "code" ? String(value) : value;
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
    failure: tidy({ phase, status, headers, body, error, event }),
    labels: { retryable, kind, retryAfterMs: retry_after_ms ?? undefined, ambiguous },
    source,
  };
}
