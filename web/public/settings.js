// The forms for the protocol, the fault and the policy. The URL can preset every field:
// ?script=overloaded&protocol=chat&initialDelayMs=20

import { protocols } from "./protocols.js";
import { groups, scripts } from "./scripts.js";
import { make, radio } from "./shared.js";

const after = { resume: "resume", restart: "start over", fail: "fail" };

const lists = {
  protocols: (list) => {
    list.append(...Object.entries(protocols).map(([id, { name }], i) => radio("protocol", id, i === 0, name)));
  },
  after: (list) => {
    list.append(...Object.entries(after).map(([id, words]) => radio("afterCommit", id, id === "resume", words)));
  },
  scripts: (list, script) => {
    for (const [group, ids] of Object.entries(groups)) {
      const labels = ids.map((id) => {
        const { name, tag } = scripts[id];
        return radio("script", id, id === script, make("span", "name", name), make("span", "tag", tag));
      });
      list.append(make("span", "group", group), ...labels);
    }
  },
};

/** Fills a form's lists, and its fields from `preset`. */
export function fill(form, script, preset) {
  for (const [name, put] of Object.entries(lists)) {
    const list = form.querySelector(`[data-${name}]`);
    if (list) {
      put(list, script);
    }
  }
  for (const [name, value] of preset) {
    const field = form.elements.namedItem(name);
    if (field) {
      field.value = value;
    }
  }
  // On a small screen the list is a row that scrolls: bring the chosen script into view.
  const label = form.querySelector('[name="script"]:checked')?.parentElement;
  if (label) {
    const row = label.parentElement;
    row.scrollLeft = label.offsetLeft - (row.clientWidth - label.offsetWidth) / 2;
  }
}
