// The banner in the page: a controller's status, shown and kept up to date.
import { countdown, view } from "./steadfetch/element.js";

/** How often the countdown may change, ten times a second at most. */
const tickMs = 100;

function linkTo(address) {
  const link = document.createElement("a");
  Object.assign(link, {
    href: address,
    target: "_blank",
    rel: "noreferrer",
    textContent: "The provider's status page",
  });
  return link;
}

/**
 * Shows a controller's status in `root`, whose parts are marked with data-part.
 *
 * `context()` tells what the status does not: see view. `onRetry` is called
 * when a person wants another try of what failed or was stopped. `refuge` gets
 * the focus when the button that had it goes away.
 */
export function createBanner(root, controller, { context, onRetry, refuge }) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const card = part("card");
  const live = part("live"); // role=status: read out whenever its text changes
  const actions = { retryNow: () => controller.retryNow(), stop: () => controller.stop(), retry: onRetry };
  let shown = null;
  let said = "";
  let timer;

  for (const [name, act] of Object.entries(actions)) {
    part(name).addEventListener("click", act);
  }

  function text(name, value) {
    const element = part(name);
    if (element.textContent !== value) {
      element.textContent = value;
    }
    element.hidden = !value;
  }

  function tick() {
    const words = shown?.until === undefined ? "" : countdown(shown.until, Date.now());
    text("countdown", words);
    if (!words) {
      clearInterval(timer);
    }
  }

  /** The bar that runs down with the wait: a transition, so no script moves it. */
  function run(until, delay) {
    const bar = part("bar");
    const left = until - Date.now();
    const on = left > 0 && delay > 0;
    bar.hidden = !on;
    if (on) {
      bar.animate([{ transform: `scaleX(${Math.min(left / delay, 1)})` }, { transform: "scaleX(0)" }], {
        duration: left,
        fill: "forwards",
      });
    }
  }

  function show(status) {
    const next = view(status, context());
    const key = JSON.stringify(next);
    if (key === JSON.stringify(shown)) {
      return;
    }
    shown = next;
    clearInterval(timer);
    // It names the attempt and not the seconds left, so it is read out once per attempt.
    const say = next?.say ?? "";
    if (say !== said) {
      said = say;
      live.textContent = say;
    }
    const focused = root.contains(document.activeElement);
    card.hidden = !next;
    if (next) {
      card.dataset.tone = next.tone;
      text("title", next.title);
      text("message", next.message);
      text("detail", next.detail ?? "");
      text("status", next.status ? `HTTP ${next.status}` : "");
      text("attempt", next.attempt ? `attempt ${next.attempt}` : "");
      part("link").hidden = !next.link;
      if (next.link) {
        part("link").replaceChildren(linkTo(next.link));
      }
      for (const name of Object.keys(actions)) {
        part(name).hidden = !next.actions.includes(name);
      }
      run(next.until, status.retry?.delayMs);
      tick();
      if (next.until !== undefined) {
        timer = setInterval(tick, tickMs);
      }
    }
    if (focused && (document.activeElement === document.body || document.activeElement.closest("[hidden]"))) {
      refuge.focus();
    }
  }

  show(controller.status);
  return { show: (status = controller.status) => show(status), close: controller.subscribe(show) };
}
