/**
 * `<retry-status>`: shows the state of the requests of a controller, and
 * lets a person act. Importing this defines the element, where there is a page.
 *
 * @module
 */
import type { Controller } from "../api/controller.js";
import { style } from "./style.js";
import { texts as english, type Texts } from "./texts.js";
import { type Action, countdown, type View, view } from "./view.js";

export type { RetryStatusProps } from "./jsx.js";
export { type FailureText, type Texts, texts } from "./texts.js";
export { type Action, countdown, type View, type ViewContext, view } from "./view.js";

/** On a server there are no elements, so nothing is defined. */
const Base = (globalThis.HTMLElement ?? Object) as typeof HTMLElement;

/** How often the numbers may change. */
const paintEveryMs = 100;
/** What a page sets. */
const properties = ["controller", "received", "texts"] as const;
const buttons: readonly (readonly [action: Action, part: string])[] = [
  ["retryNow", "retry-now"],
  ["retry", "retry"],
  ["stop", "stop"],
];

/**
 * Shows nothing while all goes well; the cause, a countdown and the buttons
 * Retry now and Stop during a wait; the failure and the button Retry at the end,
 * which dispatches the event `retry`: the page then asks again.
 *
 * Slots: the default one is below the words, `icon` before them, `actions` before
 * the buttons. The attribute `tone` tells what is shown: waiting, opening, failed
 * or stopped; it is absent while nothing is shown.
 *
 * Parts: card, words, head, title, status, message, asked, detail, meter,
 * countdown, attempt, link, actions, button, retry-now, retry, stop, progress,
 * bar. Custom properties: `--retry-status-` accent, opening, failed and stopped
 * for the colours of the tones; padding, font, color, background, border,
 * radius, button, button-text, button-radius. The colours follow the page's
 * `color-scheme`.
 */
export class RetryStatusElement extends Base {
  #controller: Controller | undefined;
  #received = false;
  #texts: Partial<Texts> | undefined;
  #leave: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;
  #shown: View | undefined;
  /** Whether what is shown is painted, and its countdown runs. */
  #current = false;
  #paintedAt = 0;
  #parts: Parts | undefined;

  /** The controller of the requests to show. */
  get controller(): Controller | undefined {
    return this.#controller;
  }
  set controller(controller: Controller | undefined) {
    this.#controller = controller;
    this.#listen();
  }

  /** Whether a part of the answer is on the page: a failure is then an interruption. */
  get received(): boolean {
    return this.#received;
  }
  set received(received: boolean) {
    if (received !== this.#received) {
      this.#received = received;
      this.#show();
    }
  }

  /** Other texts, such as in another language. Those left out stay English. */
  get texts(): Partial<Texts> | undefined {
    return this.#texts;
  }
  set texts(texts: Partial<Texts> | undefined) {
    this.#texts = texts;
    if (this.#parts) {
      label(this.#parts, { ...english, ...texts });
    }
    this.#show();
  }

  /** Called by the browser. */
  connectedCallback(): void {
    // A value that was set before the element was defined hides the property.
    for (const name of properties) {
      if (Object.hasOwn(this, name)) {
        const value = this[name];
        delete this[name];
        Object.assign(this, { [name]: value });
      }
    }
    this.#listen();
  }

  /** Called by the browser. */
  disconnectedCallback(): void {
    this.#listen();
  }

  #listen(): void {
    this.#leave?.();
    this.#leave = this.isConnected ? this.#controller?.subscribe(() => this.#show()) : undefined;
    this.#show();
  }

  #act(action: Action): void {
    if (action === "retry") {
      this.dispatchEvent(new CustomEvent("retry", { bubbles: true, composed: true }));
    } else {
      this.#controller?.[action]();
    }
  }

  #show(): void {
    clearTimeout(this.#later);
    if (!this.isConnected) {
      clearTimeout(this.#timer);
      this.#current = false;
      return;
    }
    const status = this.#controller?.status;
    const next = status && view(status, { received: this.#received, texts: this.#texts });
    if (this.#current && same(next, this.#shown)) {
      return;
    }
    // A new state is painted at once; running numbers, such as a queue's, less often.
    const pause = this.#paintedAt + paintEveryMs - Date.now();
    if (
      this.#current &&
      pause > 0 &&
      next?.tone === "waiting" &&
      this.#shown?.tone === "waiting" &&
      next.say === this.#shown.say
    ) {
      this.#later = setTimeout(() => this.#show(), pause);
      return;
    }
    this.#paintedAt = Date.now();
    this.#shown = next;
    this.#current = true;
    this.#paint(next);
  }

  #paint(next: View | undefined): void {
    this.#parts ??= build(this, (action) => this.#act(action));
    const parts = this.#parts;
    const focused = this.shadowRoot!.activeElement;
    parts.card.hidden = !next;
    // It names the attempt and not the seconds left, so it is announced once per attempt.
    write(parts.live, next?.say ?? "");
    if (next) {
      this.setAttribute("tone", next.tone);
      fill(parts, next, { ...english, ...this.#texts });
    } else {
      this.removeAttribute("tone");
    }
    if (focused?.closest("[hidden]")) {
      this.#keepFocus(next ? parts.card : this);
    }
    runDown(parts, next);
    this.#tick(parts, next?.until);
  }

  /** Keeps the focus, but moves it to no other button: the key that pressed the removed one may still be down. */
  #keepFocus(place: HTMLElement): void {
    place.tabIndex = -1;
    place.focus();
  }

  /** Writes the countdown, and again when its text changes. */
  #tick(parts: Parts, until: number | undefined): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    const words = countdown(until, now, this.#texts);
    put(parts.countdown, words);
    if (words) {
      this.#timer = setTimeout(() => this.#tick(parts, until), (until! - now) % 1000 || 1000);
    }
  }
}

const lines = ["message", "asked", "detail"] as const;
const names = ["live", "card", "words", "head", "title", "status", ...lines, "meter", "countdown", "attempt"] as const;

/** The elements in the shadow root, by their parts. */
type Parts = Record<(typeof names)[number] | "actions" | "progress" | "bar" | Action, HTMLElement> & {
  link: HTMLAnchorElement;
};

const tags: Partial<Record<string, string>> = {
  live: "div",
  card: "div",
  words: "div",
  title: "strong",
  status: "span",
  countdown: "span",
  attempt: "span",
};

/** Uses no style element, which a page's CSP may forbid, except where style sheets cannot be constructed. */
function dress(root: ShadowRoot): void {
  if ("replaceSync" in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
  } else {
    const element = document.createElement("style"); // Safari before 16.4
    element.textContent = style;
    root.append(element);
  }
}

/** Builds the content of the element, without markup, which a page's Content-Security-Policy may forbid. */
function build(host: RetryStatusElement, act: (action: Action) => void): Parts {
  const root = host.attachShadow({ mode: "open" });
  dress(root);
  const parts = Object.fromEntries(names.map((name) => [name, make(tags[name] ?? "p", name)])) as Parts;
  parts.link = make("a", "link") as HTMLAnchorElement;
  Object.assign(parts.link, { target: "_blank", rel: "noreferrer" });
  parts.actions = make("div", "actions", slot("actions"));
  for (const [action, part] of buttons) {
    const button = make("button", `button ${part}`);
    button.setAttribute("type", "button");
    button.addEventListener("click", () => act(action));
    parts[action] = button;
    parts.actions.append(button);
  }
  parts.bar = make("span", "bar");
  parts.progress = make("div", "progress", parts.bar);
  parts.progress.setAttribute("aria-hidden", "true"); // the countdown says the same
  parts.head.append(parts.title, parts.status);
  parts.meter.append(parts.countdown, parts.attempt, parts.link);
  parts.words.append(parts.head, ...lines.map((name) => parts[name]), parts.meter, slot());
  parts.card.append(slot("icon"), parts.words, parts.actions, parts.progress);
  parts.card.setAttribute("role", "group");
  parts.live.setAttribute("role", "status");
  label(parts, { ...english, ...host.texts });
  root.append(parts.live, parts.card);
  return parts;
}

function label(parts: Parts, texts: Texts): void {
  parts.card.setAttribute("aria-label", texts.label);
  write(parts.link, texts.statusPage);
  for (const [action] of buttons) {
    write(parts[action], texts[action]);
  }
}

function fill(parts: Parts, next: View, texts: Texts): void {
  parts.card.dataset.tone = next.tone;
  put(parts.title, next.title);
  put(parts.status, next.status ? texts.status(next.status) : "");
  for (const name of lines) {
    put(parts[name], next[name]);
  }
  // While a request opens, the title has the attempt.
  put(parts.attempt, next.attempt && next.tone === "waiting" ? texts.attempt(next.attempt) : "");
  parts.link.hidden = !next.link;
  parts.link.href = next.link;
  for (const [action] of buttons) {
    parts[action].hidden = !next.actions.includes(action);
  }
}

/** The bar that runs down with the wait: an animation, so no script moves it. With reduced motion it moves in steps. */
function runDown({ progress, bar }: Parts, next: View | undefined): void {
  for (const animation of bar.getAnimations?.() ?? []) {
    animation.cancel();
  }
  const left = (next?.until ?? 0) - Date.now();
  const whole = next?.delayMs ?? 0;
  progress.hidden = !(left > 0 && whole > 0);
  if (!progress.hidden) {
    bar.style.transformOrigin = getComputedStyle(bar).direction === "rtl" ? "right" : "left";
    const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
    const animation = bar.animate?.(
      [{ transform: `scaleX(${Math.min(left / whole, 1)})` }, { transform: "scaleX(0)" }],
      {
        duration: left,
        fill: "forwards",
        easing: still ? `steps(${Math.min(Math.ceil(left / 1000), 60)})` : "linear",
      },
    );
    animation?.finished.catch(() => {}); // canceled: another wait began
  }
}

/** Makes an element whose name is also its part. */
function make(tag: string, part: string, ...children: Node[]): HTMLElement {
  const element = document.createElement(tag);
  element.setAttribute("part", part);
  element.append(...children);
  return element;
}

function slot(name?: string): HTMLElement {
  const element = document.createElement("slot");
  if (name) {
    element.setAttribute("name", name);
  }
  return element;
}

const same = (a: View | undefined, b: View | undefined) => JSON.stringify(a) === JSON.stringify(b);

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function put(element: HTMLElement, text: string): void {
  write(element, text);
  element.hidden = !text;
}

declare global {
  interface HTMLElementTagNameMap {
    "retry-status": RetryStatusElement;
  }
}

if (globalThis.customElements && !customElements.get("retry-status")) {
  customElements.define("retry-status", RetryStatusElement);
}
