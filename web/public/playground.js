// The playground: an error in, a verdict out, and the way to it.
import { examples } from "./examples.js";
import { parseFailure } from "./parse-failure.js";
import { classify, explain } from "./steadfetch/index.js";

const $ = (id) => document.getElementById(id);

function make(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content.filter((part) => part !== undefined && part !== ""));
  return element;
}

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

/** The rules that were tried. Those that nothing spoke for are folded. */
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

export function createPlayground() {
  const box = $("failure");

  function judge() {
    for (const button of $("examples").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", examples[button.textContent] === box.value);
    }
    const parsed = parseFailure(box.value);
    $("read-as").textContent = parsed ? `Read as ${parsed.readAs}.` : "";
    if (!parsed) {
      $("verdict").replaceChildren();
      $("trail").replaceChildren();
      return;
    }
    $("verdict").replaceChildren(card(classify(parsed.failure)));
    $("trail").replaceChildren(...trail(explain(parsed.failure)));
  }

  for (const [name, text] of Object.entries(examples)) {
    const button = make("button", "example", name);
    button.type = "button";
    button.addEventListener("click", () => {
      box.value = text;
      judge();
    });
    $("examples").append(button);
  }
  box.addEventListener("input", judge);
  box.value = Object.values(examples)[0];
  judge();
}
