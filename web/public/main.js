// The page's two tabs, and what they are made of.
import { createChat } from "./chat.js";
import { createPlayground } from "./playground.js";
import { createSettings } from "./settings.js";

const tabs = [...document.querySelectorAll('[role="tab"]')];

function open(name, focus = false) {
  for (const tab of tabs) {
    const on = tab.getAttribute("aria-controls") === name;
    tab.setAttribute("aria-selected", on);
    tab.tabIndex = on ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
    if (on && focus) {
      tab.focus();
    }
  }
}

function fromAddress() {
  open(location.hash === "#playground" ? "playground" : "chat");
}

for (const [i, tab] of tabs.entries()) {
  const go = (tab) => {
    history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
    open(tab.getAttribute("aria-controls"), true);
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

const settings = createSettings(document.getElementById("settings"), new URLSearchParams(location.search));
createChat(settings);
createPlayground();
document.documentElement.dataset.ready = "";
