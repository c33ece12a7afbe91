// The page's views. Each is loaded when it is first opened.
import { begin, make } from "./shared.js";

const tabs = [...document.querySelectorAll('[role="tab"]')];
const nameOf = (tab) => tab.getAttribute("aria-controls");
const preset = new URLSearchParams(location.search);

const views = {
  compare: async () => (await import("./compare.js")).createCompare(preset),
  chat: async () => (await import("./chat.js")).createChat(preset),
  storm: async () => (await import("./storm.js")).createStorm(preset),
  playground: async () => (await import("./playground.js")).createPlayground(),
};
const opened = {};
const begun = begin();

/** Loads a panel's markup and style sheet. Those of the first view are a part of the page. */
async function furnish(panel) {
  if (panel.childElementCount > 0) {
    return;
  }
  const looks = document.createElement("link");
  Object.assign(looks, { rel: "stylesheet", href: `views/${panel.id}.css` });
  const loaded = new Promise((resolve) => looks.addEventListener("load", resolve));
  document.head.append(looks);
  const [response] = await Promise.all([fetch(`views/${panel.id}.html`), loaded]);
  panel.innerHTML = await response.text();
  for (const box of panel.querySelectorAll("[data-scrolls]")) {
    box.tabIndex = 0; // it scrolls, so it must be reachable by keyboard
  }
}

async function load(name) {
  const panel = document.getElementById(name);
  try {
    await Promise.all([begun, furnish(panel)]);
    await views[name]();
    panel.dataset.ready = "";
  } catch ({ message }) {
    panel.replaceChildren(
      make("p", "stage", `This view could not be loaded (${message}). Reload the page to try again.`),
    );
  }
}

function open(name, focus = false) {
  for (const tab of tabs) {
    const on = nameOf(tab) === name;
    tab.setAttribute("aria-selected", on);
    tab.tabIndex = on ? 0 : -1;
    document.getElementById(nameOf(tab)).hidden = !on;
    if (on && focus) {
      tab.focus();
    }
  }
  opened[name] ??= load(name);
}

/** Opens the view that the URL names: `#chat`. The playground's state follows a question mark. */
function fromAddress() {
  const [name] = location.hash.slice(1).split("?");
  open(Object.hasOwn(views, name) ? name : "compare");
}

for (const [i, tab] of tabs.entries()) {
  const go = (tab) => {
    history.replaceState(null, "", `#${nameOf(tab)}`);
    open(nameOf(tab), true);
  };
  tab.addEventListener("click", () => go(tab));
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) {
      go(tabs[(i + step + tabs.length) % tabs.length]);
    }
  });
}
addEventListener("hashchange", fromAddress);
fromAddress();
