/**
 * `<retry-status>`: shows what becomes of the requests of a controller, and
 * lets a person act. Importing this defines the element, where there is a page.
 *
 * @module
 */
import type { Controller } from "../api/controller.js";
import type { Snapshot, Verdict } from "../engine/shapes.gen.js";
import { type Action, countdown, type View, view } from "./view.js";

export { type Action, countdown, type View, type ViewContext, view } from "./view.js";

/** On a server there are no elements, and nothing is defined. */
const Base = (globalThis.HTMLElement ?? Object) as typeof HTMLElement;

const css = `
:host{display:block}
[hidden]{display:none!important}
[part=card]{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25em .75em;padding:var(--retry-status-padding,.75em 1em);
font:var(--retry-status-font,inherit);color:var(--retry-status-color,CanvasText);background:var(--retry-status-background,Canvas);
border:1px solid var(--retry-status-border,GrayText);border-inline-start:4px solid var(--retry-status-accent,#c77700);
border-radius:var(--retry-status-radius,.4em)}
[data-tone=failed]{border-inline-start-color:var(--retry-status-failed,#d3352b)}
[data-tone=stopped]{border-inline-start-color:var(--retry-status-stopped,GrayText)}
[part=title]{font-weight:600}
[part=message],[part=detail]{flex-basis:100%;overflow-wrap:anywhere}
[part=countdown]{font-variant-numeric:tabular-nums}
[part=attempt],[part=status],[part=detail]{font-size:.875em;opacity:.8}
[part=actions]{margin-inline-start:auto;display:flex;gap:.5em}
button{font:inherit}
[part=live]{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
`;

const texts = ["title", "countdown", "attempt", "status", "message", "detail"] as const;
const buttons: readonly (readonly [Action, part: string, label: string])[] = [
  ["retryNow", "retry-now", "Retry now"],
  ["stop", "stop", "Stop"],
  ["retry", "retry", "Retry"],
];

/** Makes an element whose name is also its part. */
function make(tag: string, part: string, ...children: (Node | string)[]): HTMLElement {
  const element = document.createElement(tag);
  element.setAttribute("part", part);
  element.append(...children);
  return element;
}

/**
 * Shows nothing while all goes well; the cause, a countdown and the buttons
 * Retry now and Stop during a wait; the failure and the button Retry at the end,
 * which dispatches the event `retry`: to ask again is the page's.
 *
 * Parts to be styled: card, title, countdown, attempt, status, message, detail,
 * link, actions, button, retry-now, stop, retry. Custom properties:
 * `--retry-status-` padding, font, color, background, border, radius, accent,
 * failed, stopped. The colours are the system's, so they follow the page's
 * `color-scheme`.
 */
export class RetryStatusElement extends Base {
  #controller: Controller | undefined;
  #received = false;
  #last: Verdict | undefined;
  #leave: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown: string | undefined;
  #parts: Record<string, HTMLElement> | undefined;

  /** The controller of the requests to show. */
  get controller(): Controller | undefined {
    return this.#controller;
  }
  set controller(controller: Controller | undefined) {
    this.#controller = controller;
    this.#listen();
  }

  /** Says that a part of the answer is on the page: a failure is then an interruption. */
  get received(): boolean {
    return this.#received;
  }
  set received(received: boolean) {
    this.#received = received;
    this.#show();
  }

  /** The verdict on the last failure where the engine's own ended the request: `RetryError.last`. */
  get last(): Verdict | undefined {
    return this.#last;
  }
  set last(last: Verdict | undefined) {
    this.#last = last;
    this.#show();
  }

  connectedCallback(): void {
    // What was set before the element was defined hides the property.
    for (const name of ["controller", "received", "last"] as const) {
      if (Object.hasOwn(this, name)) {
        const value = this[name];
        delete this[name];
        Object.assign(this, { [name]: value });
      }
    }
    this.#listen();
  }

  disconnectedCallback(): void {
    this.#listen();
  }

  #listen(): void {
    this.#leave?.();
    this.#leave = this.isConnected ? this.#controller?.subscribe(() => this.#show()) : undefined;
    this.#show();
  }

  #build(): Record<string, HTMLElement> {
    const root = this.attachShadow({ mode: "open" });
    // No style element and no markup, which a page's Content-Security-Policy may forbid.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    const parts: Record<string, HTMLElement> = {};
    for (const name of texts) {
      parts[name] = make("span", name);
    }
    parts.link = make("a", "link", "The provider's status page");
    parts.link.setAttribute("target", "_blank");
    parts.link.setAttribute("rel", "noreferrer");
    parts.actions = make("span", "actions");
    for (const [action, part, label] of buttons) {
      const button = make("button", `button ${part}`, label);
      button.setAttribute("type", "button");
      button.addEventListener("click", () => this.#act(action));
      parts[action] = button;
      parts.actions.append(button);
    }
    parts.card = make("div", "card", ...Object.values(parts).filter((part) => !part.parentNode));
    parts.card.setAttribute("tabindex", "-1");
    parts.live = make("div", "live");
    parts.live.setAttribute("role", "status");
    root.append(parts.card, parts.live);
    return parts;
  }

  #act(action: Action): void {
    if (action === "retry") {
      this.dispatchEvent(new CustomEvent("retry", { bubbles: true, composed: true }));
    } else {
      this.#controller?.[action]();
    }
  }

  #show(): void {
    clearTimeout(this.#timer);
    if (!this.isConnected) {
      return;
    }
    this.#parts ??= this.#build();
    const parts = this.#parts;
    const status: Snapshot | undefined = this.#controller?.status;
    const next = status && view(status, { received: this.#received, last: this.#last });
    const key = JSON.stringify(next ?? null);
    if (key !== this.#shown) {
      this.#shown = key;
      this.#paint(parts, next);
    }
    this.#tick(parts, next?.until);
  }

  #paint(parts: Record<string, HTMLElement>, next: View | undefined): void {
    const focused = this.shadowRoot!.activeElement;
    parts.card!.hidden = !next;
    // It names the attempt and not the seconds left, so it is read out once per attempt.
    write(parts.live!, next?.say ?? "");
    if (!next) {
      return;
    }
    parts.card!.dataset.tone = next.tone;
    put(parts.title!, next.title);
    put(parts.message!, next.message);
    put(parts.detail!, next.detail ?? "");
    put(parts.status!, next.status ? `HTTP ${next.status}` : "");
    put(parts.attempt!, next.attempt ? `attempt ${next.attempt}` : "");
    parts.link!.hidden = !next.link;
    parts.link!.setAttribute("href", next.link ?? "");
    for (const [action] of buttons) {
      parts[action]!.hidden = !next.actions.includes(action);
    }
    if (focused?.closest("[hidden]")) {
      parts.card!.focus(); // and not another button: the key that pressed this one may still be down
    }
  }

  /** Writes the countdown, and again when its words change. */
  #tick(parts: Record<string, HTMLElement>, until: number | undefined): void {
    const now = Date.now();
    const words = countdown(until, now);
    put(parts.countdown!, words);
    if (words) {
      this.#timer = setTimeout(() => this.#tick(parts, until), Math.max((until! - now) % 1000, 0) || 1000);
    }
  }
}

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
