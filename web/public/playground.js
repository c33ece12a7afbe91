// The playground: classifies an error and shows the rules that led to the verdict, and plots the waits of a policy. All of
// its state is in the URL.
import { codePanel, linkRow } from "./code.js";
import { freshEngine } from "./engine.js";
import { examples } from "./examples.js";
import { parseFailure } from "./parse-failure.js";
import { bugReport, testVector } from "./report.js";
import { $, copyButton, make } from "./shared.js";
import { classify, explain } from "./vendor/steadfetch.js";
import { drawWaits, waitsOf } from "./waits.js";

const keepAfterMs = 300;

const code = () => `import { classify, classifyResponse } from "steadfetch";

const verdict = classify(error);
// or: await classifyResponse(response)
if (verdict.retryable) {
  console.log(verdict.kind, verdict.retryAfterMs);
} else {
  console.log(verdict.title, verdict.message);
}`;

const duration = (ms) => (ms < 90_000 ? `${ms / 1000} s` : `${Math.round(ms / 6000) / 10} min`);

function card(verdict) {
  const facts = Object.entries({
    kind: verdict.kind,
    rule: verdict.rule,
    provider: verdict.provider,
    status: verdict.status || undefined,
    "asked to wait": verdict.retryAfterMs === undefined ? undefined : duration(verdict.retryAfterMs),
  }).filter(([, value]) => value !== undefined && value !== "");
  const list = make("dl", "facts");
  for (const [name, value] of facts) {
    list.append(make("dt", "", name), make("dd", "", String(value)));
  }
  return make(
    "div",
    `verdict-card ${verdict.retryable ? "yes" : "no"}`,
    make("p", "answer", verdict.retryable ? "Yes, try again" : "No, stop"),
    make("h2", "", verdict.title ?? ""),
    make("p", "", verdict.message ?? ""),
    make("p", "detail", verdict.detail ?? ""),
    list,
  );
}

/** The rules that were tried. Those that found nothing are collapsed. */
function trail({ steps = [] }) {
  const list = make("ol", "trail");
  const silent = [];
  const flush = () => {
    const names = silent.splice(0);
    if (names.length > 0) {
      const count = `${names.length} ${names.length === 1 ? "rule" : "rules"} found nothing`;
      const folded = make("details", "", make("summary", "", count), make("span", "names", names.join(", ")));
      list.append(make("li", "", folded));
    }
  };
  for (const { rule, phrase, where, text, decided } of steps) {
    if (!phrase && !decided) {
      silent.push(rule);
      continue;
    }
    flush();
    const found = make(
      "span",
      "found",
      phrase ? `“${phrase.replaceAll("*", "")}” in ${where}` : "by status or structure",
    );
    const item = make("li", decided ? "decided" : "", make("code", "", rule), found);
    if (text) {
      item.append(make("span", "context", `… ${text.trim()} …`));
    }
    list.append(item);
  }
  flush();
  return steps.length > 0 ? [make("h2", "", "How it was decided"), list] : [];
}

/** The policy in a form: an empty field means the default. */
function policyOf(form) {
  const entries = [...new FormData(form)].filter(([, value]) => value !== "");
  const numbers = ["initialDelayMs", "maxDelayMs", "maxAttempts"];
  return Object.fromEntries(entries.map(([name, value]) => [name, numbers.includes(name) ? Number(value) : value]));
}

export async function createPlayground() {
  const box = $("failure");
  const form = $("waits");
  const corpus = $("corpus");
  const engine = await freshEngine();
  let parsed;
  let picked = ""; // the id of the labelled error that is shown, as long as it is unchanged
  let keep;

  /** Writes the state to the URL. */
  function store() {
    const shown = picked ? { case: picked } : { failure: box.value };
    history.replaceState(null, "", `#playground?${new URLSearchParams({ ...shown, ...policyOf(form) })}`);
  }

  function storeSoon() {
    clearTimeout(keep);
    keep = setTimeout(store, keepAfterMs);
  }

  /** Reads the state from the URL, and shows it. Returns false if there is none. */
  function load() {
    const [name, query] = location.hash.slice(1).split("?");
    if (name !== "playground" || query === undefined) {
      return false;
    }
    const state = new URLSearchParams(query);
    for (const field of form.elements) {
      field.value = state.get(field.name) ?? "";
    }
    plot();
    show(state.get("failure") ?? "");
    if (state.has("case")) {
      pick(state.get("case"));
    }
    return true;
  }

  function judge() {
    for (const button of $("examples").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", examples[button.textContent] === box.value);
    }
    parsed = parseFailure(box.value);
    $("read-as").textContent = parsed ? `Read as ${parsed.readAs}.` : "";
    for (const button of $("copies").children) {
      button.disabled = !parsed;
    }
    $("verdict").replaceChildren(...(parsed ? [card(classify(parsed.failure))] : []));
    $("trail").replaceChildren(...(parsed ? trail(explain(parsed.failure)) : []));
  }

  function plot() {
    const policy = policyOf(form);
    try {
      const own = waitsOf(engine, policy);
      drawWaits($("waits-plot"), own, policy.jitter ? waitsOf(engine, { ...policy, jitter: "none" }).waits : []);
    } catch (error) {
      $("waits-plot").textContent = error.message.replace("steadfetch: ", "");
    }
  }

  function show(text, id = "") {
    picked = id;
    if (box.value !== text) {
      box.value = text; // not while a person types: it would move the cursor
    }
    $("corpus-label").textContent = "";
    judge();
  }

  /** Shows one of the labelled errors, and whether the verdict agrees with its label. */
  async function pick(id) {
    const response = await fetch(`corpus/${encodeURIComponent(id)}.json`);
    if (!response.ok) {
      $("corpus-label").textContent = `There is no labelled error ${id}.`;
      return;
    }
    const { failure, labels, source } = await response.json();
    show(JSON.stringify(failure, null, 2), id);
    const { retryable, kind } = classify(parsed.failure);
    const same = retryable === labels.retryable ? "the verdict agrees" : "the verdict differs";
    const label = `${labels.retryable ? "try again" : "stop"}, ${labels.kind}`;
    const unsure = labels.ambiguous ? " Another reader could well label it differently." : "";
    const which = kind === labels.kind ? "" : `, its kind is ${kind}`;
    $("corpus-label").textContent = `${id}, labelled: ${label}; ${same}${which}.${unsure} From ${source}.`;
  }

  for (const [name, text] of Object.entries(examples)) {
    const button = make("button", "example", name);
    button.type = "button";
    button.addEventListener("click", () => {
      show(text);
      storeSoon();
    });
    $("examples").append(button);
  }
  $("copies").append(
    copyButton("Copy the link", () => {
      store();
      return location.href;
    }),
    copyButton("Copy as a test vector", () => testVector(parsed.failure, classify(parsed.failure))),
    copyButton("Copy as a bug report", () => bugReport(parsed.failure, explain(parsed.failure), parsed.readAs)),
  );
  corpus.addEventListener(
    "focus",
    async () => {
      const cases = await (await fetch("corpus/index.json")).json();
      const options = cases.map(([id, provider, kind]) => {
        const option = make("option");
        option.value = `${id} (${[provider, kind].filter(Boolean).join(", ")})`;
        return option;
      });
      $("corpus-cases").append(...options);
    },
    { once: true },
  );
  corpus.addEventListener("input", async () => {
    if ([...$("corpus-cases").children].some(({ value }) => value === corpus.value)) {
      await pick(corpus.value.split(" ")[0]);
      storeSoon();
    }
  });
  box.addEventListener("input", () => {
    show(box.value);
    storeSoon();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    plot();
    storeSoon();
  });
  addEventListener("hashchange", load);
  $("playground-code").append(codePanel("The code", code).figure, linkRow());
  if (!load()) {
    show(Object.values(examples)[0]);
    plot();
  }
}
