// The side panel's form: which protocol, what goes wrong, and the policy. The
// address can preset every field: ?script=overloaded&protocol=chat&initialDelayMs=20
import { protocols } from "./protocols.js";
import { groups, scripts } from "./scripts.js";

function radio(name, value, checked, ...content) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name, value, checked });
  label.append(input, ...content);
  return label;
}

function words(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

/** Fills the form and says what it is set to. */
export function createSettings(form, preset) {
  document
    .getElementById("protocols")
    .append(
      ...Object.entries(protocols).map(([id, { name }], i) => radio("protocol", id, i === 0, words("name", name))),
    );
  for (const [group, ids] of Object.entries(groups)) {
    document
      .getElementById("scripts")
      .append(
        words("group", group),
        ...ids.map((id) =>
          radio("script", id, id === "rate_limit", words("name", scripts[id].name), words("tag", scripts[id].tag)),
        ),
      );
  }
  for (const [name, value] of preset) {
    const field = form.elements.namedItem(name);
    if (field) {
      field.value = value;
    }
  }
  form.addEventListener("submit", (event) => event.preventDefault());

  const number = (name) => (form.elements[name].value === "" ? undefined : Number(form.elements[name].value));
  return {
    get protocol() {
      return form.elements.protocol.value;
    },
    get script() {
      return form.elements.script.value;
    },
    get tokenDelayMs() {
      return number("tokenDelayMs");
    },
    /** The engine's options. */
    get policy() {
      return {
        initialDelayMs: number("initialDelayMs"),
        contentTimeoutMs: number("contentTimeoutMs"),
        maxAttempts: number("maxAttempts"),
        afterCommit: form.elements.afterCommit.value,
      };
    },
  };
}
