// <retry-status> in a real browser: its look, its layout, and what axe says about it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { build } from "esbuild";
import { launch, noBrowser } from "../browser.mjs";

const require = createRequire(import.meta.url);

/** Runs in the page: defines an element for each state, with a controller that the tests drive. */
const setUp = () => {
  const at = (ms) => new Date(Date.now() + ms).toISOString();
  const verdict = {
    retryable: true,
    kind: "overloaded",
    provider: "anthropic",
    status: 529,
    title: "Service overloaded",
    message: "Anthropic is temporarily overloaded.",
    detail: "Overloaded",
  };
  const retry = {
    attempt: 1,
    delayMs: 60_000,
    error: verdict.message,
    retryingAt: at(45_000),
    kind: "overloaded",
    title: verdict.title,
  };
  const waiting = { state: "waiting", attempt: 1, failures: 1, retry };
  const states = {
    waiting,
    held: { ...waiting, attempt: 0, failures: 0, waitingFor: "cooldown", retry: { ...retry, attempt: 0, before: 3 } },
    offline: { ...waiting, waitingFor: "connection" },
    opening: { state: "opening", attempt: 2, failures: 1, retry },
    slow: { state: "opening", attempt: 1, failures: 0, slow: true },
    failed: { state: "failed", attempt: 1, failures: 1, verdict: { ...verdict, retryAfterMs: 3_600_000 } },
    stopped: { state: "stopped", attempt: 1, failures: 1 },
  };
  globalThis.states = states;
  globalThis.show = (name, parent = document.querySelector("main")) => {
    let listener;
    const element = document.createElement("retry-status");
    element.id = name;
    element.controller = {
      status: states[name],
      retryNow: () => element.set({ state: "opening", attempt: 2, failures: 0, retry }),
      stop: () => element.set(states.stopped),
      subscribe: (own) => {
        listener = own;
        return () => {};
      },
    };
    element.set = (status) => {
      element.controller.status = status;
      listener(status);
    };
    element.inner = (part) => element.shadowRoot.querySelector(`[part~="${part}"]`);
    parent.append(element);
    return element;
  };
};

describe("<retry-status> in a browser", { skip: noBrowser }, () => {
  let browser;
  let script;
  before(async () => {
    const [bundle] = (
      await build({
        stdin: { contents: 'import "steadfetch/element";', resolveDir: import.meta.dirname ?? "." },
        bundle: true,
        format: "iife",
        write: false,
      })
    ).outputFiles;
    script = bundle.text;
    browser = await launch();
  });
  after(() => browser?.close());

  /** A page with the element defined. `media` is the reader's preferences. */
  async function open({ css = "", media = [], html = "<main></main>" } = {}) {
    const page = await browser.newPage();
    const session = await page.createCDPSession();
    await session.send("Emulation.setEmulatedMedia", { features: media });
    await page.setContent(
      `<!doctype html><html lang="en"><title>Chat</title><meta name="color-scheme" content="light dark">` +
        `<style>${css}</style><body>${html}</body></html>`,
    );
    await page.addScriptTag({ content: script });
    await page.evaluate(setUp);
    return page;
  }

  const schemes = ["light", "dark"].map((value) => [{ name: "prefers-color-scheme", value }]);
  for (const media of schemes) {
    it(`passes axe, ${media[0].value}`, async () => {
      // Without the animation when it appears: axe measures contrast.
      const still = { name: "prefers-reduced-motion", value: "reduce" };
      const page = await open({ media: [...media, still], html: "<main><h1>Chat</h1></main>" });
      await page.addScriptTag({ content: await readFile(require.resolve("axe-core/axe.min.js"), "utf8") });
      await page.evaluate(() => Object.keys(globalThis.states).map((name) => globalThis.show(name)).length);
      const violations = await page.evaluate(async () => {
        const { violations, passes } = await globalThis.axe.run({
          runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
        });
        if (!passes.some(({ id }) => id === "color-contrast")) {
          throw new Error("axe measured no contrast");
        }
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      });
      assert.deepEqual(violations, []);
      await page.close();
    });
  }

  it("has the same layout whatever the page's styles do to text", async () => {
    const boxes = [];
    for (const css of [
      "",
      "main{text-align:center;text-transform:uppercase;letter-spacing:3px;line-height:3;text-indent:2em;word-spacing:9px;white-space:pre}",
      "*{text-align:right} p{margin:2em} button{padding:3em} span{display:block}",
    ]) {
      const page = await open({ css: `main{width:700px;font:15px sans-serif}${css}` });
      boxes.push(
        await page.evaluate(() => {
          const { left, top } = globalThis.show("waiting").getBoundingClientRect();
          const parts = ["title", "message", "countdown", "retry-now", "stop"];
          return parts.map((name) => {
            const box = document.querySelector("#waiting").inner(name).getBoundingClientRect();
            return [name, box.left - left, box.top - top, box.width, box.height].map((n) =>
              typeof n === "number" ? Math.round(n) : n,
            );
          });
        }),
      );
      await page.close();
    }
    assert.deepEqual(boxes[1], boxes[0]);
    assert.deepEqual(boxes[2], boxes[0]);
  });

  it("fits into 280 px, even with a very long word", async () => {
    const page = await open({ css: "body{margin:0} main{width:280px}" });
    const widths = await page.evaluate(() => {
      globalThis.states.failed.verdict.detail = "x".repeat(500);
      return Object.keys(globalThis.states).map((name) => {
        const { inner } = globalThis.show(name);
        return [name, inner("card").scrollWidth, document.documentElement.scrollWidth > innerWidth];
      });
    });
    for (const [name, width, overflows] of widths) {
      assert.ok(width <= 280 && !overflows, `${name}: ${width} px`);
    }
    await page.close();
  });

  it("takes no space while there is nothing to show", async () => {
    const page = await open();
    const heights = await page.evaluate(() => {
      const element = globalThis.show("waiting");
      const shown = element.offsetHeight;
      element.set({ state: "streaming", attempt: 2, failures: 0 });
      return [shown > 20, element.offsetHeight];
    });
    assert.deepEqual(heights, [true, 0]);
    await page.close();
  });

  it("has a bar that shrinks towards the start of the line", async () => {
    const page = await open({ html: '<main></main><div style="direction:rtl"></div>' });
    const bars = await page.evaluate(async () => {
      const found = [];
      for (const parent of [document.querySelector("main"), document.querySelector("div")]) {
        const element = globalThis.show("waiting", parent);
        const [card, bar] = ["card", "bar"].map((name) => element.inner(name).getBoundingClientRect());
        const [animation] = element.inner("bar").getAnimations();
        found.push({
          width: Math.round((bar.width / card.width) * 100),
          side: bar.left - card.left < 2 ? "left" : "right",
          easing: animation.effect.getTiming().easing,
        });
      }
      return found;
    });
    for (const [i, side] of ["left", "right"].entries()) {
      assert.ok(Math.abs(bars[i].width - 75) <= 1, `${bars[i].width} % of 60 s are not 45 s`);
      assert.deepEqual([bars[i].side, bars[i].easing], [side, "linear"]);
    }
    await page.close();
  });

  it("does not move for a reader who prefers less motion", async () => {
    const page = await open({ media: [{ name: "prefers-reduced-motion", value: "reduce" }] });
    const seen = await page.evaluate(() => {
      const element = globalThis.show("waiting");
      const [animation] = element.inner("bar").getAnimations();
      return [element.inner("card").getAnimations().length, animation.effect.getTiming().easing];
    });
    assert.deepEqual(seen[0], 0);
    assert.match(seen[1], /^steps\(4[45]\)$|^steps\(4[45], end\)$/);
    await page.close();
  });

  it("is readable in forced colours", async () => {
    const page = await open({ media: [{ name: "forced-colors", value: "active" }] });
    const colours = await page.evaluate(() => {
      const element = globalThis.show("waiting");
      return ["retry-now", "stop", "title"].map((name) => {
        const style = getComputedStyle(element.inner(name));
        const card = getComputedStyle(element.inner("card"));
        return [name, style.color, name === "title" ? card.backgroundColor : style.backgroundColor];
      });
    });
    for (const [name, text, ground] of colours) {
      assert.notEqual(text, ground, name);
    }
    await page.close();
  });

  it("can be used by keyboard, and keeps the focus when its button disappears", async () => {
    const page = await open();
    await page.evaluate(() => void globalThis.show("waiting"));
    const focused = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute("part"));
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "button retry-now");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "card");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "button stop");
    await page.keyboard.press("Space");
    assert.equal(await page.evaluate(() => document.querySelector("#waiting").inner("title").textContent), "Stopped");
    await page.close();
  });

  it("announces each attempt once to a screen reader", async () => {
    const page = await open();
    const said = await page.evaluate(async () => {
      globalThis.states.waiting.retry.retryingAt = new Date(Date.now() + 2500).toISOString();
      const element = globalThis.show("waiting");
      const [live, countdown] = ["live", "countdown"].map(element.inner);
      const seen = { said: [live.textContent], counted: [countdown.textContent] };
      new MutationObserver(() => seen.said.push(live.textContent)).observe(live, { childList: true, subtree: true });
      new MutationObserver(() => seen.counted.push(countdown.textContent)).observe(countdown, { childList: true });
      await new Promise((resolve) => setTimeout(resolve, 2700));
      return seen;
    });
    assert.deepEqual(said.said, ["Service overloaded. Retrying in 60 seconds, attempt 2."]);
    assert.deepEqual(said.counted, [3, 2, 1].map((s) => `Retrying in ${s} s`).concat(""));
    await page.close();
  });

  it("is styled by parts, custom properties and the page's colour scheme, and has slots", async () => {
    const css =
      "retry-status{--retry-status-accent:rgb(1, 2, 3)} retry-status::part(title){font-style:italic}" +
      "retry-status[tone=waiting]{outline:1px solid}";
    const page = await open({ css });
    const seen = await page.evaluate(() => {
      const element = globalThis.show("waiting");
      element.innerHTML = '<i slot="icon">!</i><b>more</b><button slot="actions">Help</button>';
      const title = getComputedStyle(element.inner("title"));
      return {
        colour: getComputedStyle(element.inner("head")).color,
        italic: title.fontStyle,
        outline: getComputedStyle(element).outlineStyle,
        slotted: [...element.children].every((child) => child.getBoundingClientRect().width > 0),
      };
    });
    assert.deepEqual(seen, { colour: "rgb(1, 2, 3)", italic: "italic", outline: "solid", slotted: true });
    await page.close();
  });

  it("works under a strict Content-Security-Policy", async () => {
    const page = await browser.newPage();
    await page.setContent(
      `<!doctype html><html lang="en"><title>Chat</title>` +
        `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'"><main></main></html>`,
    );
    const blocked = [];
    page.on("console", (message) => message.type() === "error" && blocked.push(message.text()));
    await page.addScriptTag({ content: script });
    await page.evaluate(setUp);
    const display = await page.evaluate(() => getComputedStyle(globalThis.show("waiting").inner("card")).display);
    assert.equal(display, "flex");
    assert.deepEqual(blocked, []);
    await page.close();
  });
});
