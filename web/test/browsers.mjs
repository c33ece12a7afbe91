// Chromium, Firefox and WebKit behind one small interface, for what a person does in any of them.
import { setTimeout as sleep } from "node:timers/promises";
import puppeteer from "puppeteer-core";
import { find } from "../../hosttest/processes.mjs";
import { openWebKit } from "../../hosttest/runtimes/webkit.mjs";
import { launch, noBrowser } from "./browser.mjs";

/** The key of an element reference in W3C WebDriver. */
const reference = "element-6066-11e4-a52e-4f735466cecf";
const patienceMs = 20_000;

/** Finds an element by selectors, each inside the shadow root of the one before. Runs in the page. */
function seek(...path) {
  const found = path.reduce((at, selector) => (at.shadowRoot ?? at).querySelector(selector), document);
  found.scrollIntoView({ block: "nearest", inline: "nearest" });
  return found;
}

/** Whether there is such an element. */
function there(...path) {
  let at = document;
  for (const selector of path) {
    at = (at.shadowRoot ?? at).querySelector(selector);
    if (!at) {
      return false;
    }
  }
  return true;
}

/** The interface of every browser, built on `run(fn, ...args)` and `clickOn(path)`. `tab(url)` opens another tab. */
function face({ run, clickOn, ...rest }) {
  return {
    ...rest,
    run,
    /** Clicks on an element; a path leads through shadow roots. */
    async click(...path) {
      await this.until(`there is ${path.join(" ")}`, there, ...path);
      await clickOn(path);
    },
    /**
     * Waits until a function that runs in the page returns something truthy, and returns that. It must not be an
     * element, which not every driver can return.
     */
    async until(what, fn, ...args) {
      const end = Date.now() + patienceMs;
      for (;;) {
        const found = await run(fn, ...args);
        if (found) {
          return found;
        }
        if (Date.now() > end) {
          throw new Error(`timed out waiting until ${what}`);
        }
        await sleep(50);
      }
    },
  };
}

const byPuppeteer = (open) => async (url) => {
  const browser = await open();
  async function tab(url, close) {
    const page = await browser.newPage();
    await page.goto(url);
    return face({
      run: (fn, ...args) => page.evaluate(fn, ...args),
      async clickOn(path) {
        await page.bringToFront(); // what is hidden draws no frames, on which a click waits
        const handle = await page.evaluateHandle(seek, ...path);
        await handle.asElement().click();
      },
      type: (text) => page.keyboard.type(text),
      goto: (url) => page.goto(url),
      reload: () => page.reload(),
      tab: (url) => tab(url),
      close: close ?? (() => page.close()),
    });
  }
  return tab(url, () => browser.close());
};

const byWebDriver = (driver) => async (url) => {
  const { send: command, close } = await openWebKit(driver, url);
  let current = await command("GET", "window");
  function tab(handle, close) {
    /** Sends a command to this tab. The driver has one at a time. */
    async function send(...rest) {
      if (current !== handle) {
        await command("POST", "window", { handle });
        current = handle;
      }
      return command(...rest);
    }
    const execute = (script, args) => send("POST", "execute/sync", { script, args });
    return face({
      run: (fn, ...args) => execute(`return (${fn})(...arguments)`, args),
      async clickOn(path) {
        const element = await execute(`return (${seek})(...arguments)`, path);
        await send("POST", `element/${element[reference]}/click`, {});
      },
      async type(text) {
        const element = await send("GET", "element/active");
        await send("POST", `element/${element[reference]}/value`, { text });
      },
      goto: (url) => send("POST", "url", { url }),
      reload: () => send("POST", "refresh", {}),
      async tab(url) {
        const { handle } = await send("POST", "window/new", { type: "tab" });
        const other = tab(handle);
        await other.goto(url);
        return other;
      },
      close: close ?? (() => send("DELETE", "window")),
    });
  }
  return tab(current, close);
};

const firefox = find("FIREFOX", "firefox-esr", "firefox");
const webkit = find("WEBKIT_WEBDRIVER", "WebKitWebDriver");

/** Each browser: its `name`, `missing`, why it cannot run here, and `open(url)`. */
export const browsers = [
  { name: "Chromium", missing: noBrowser, open: byPuppeteer(launch) },
  {
    name: "Firefox",
    missing: firefox ? false : "Firefox is not installed",
    open: byPuppeteer(() => puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true })),
  },
  {
    name: "WebKit",
    missing: webkit ? false : "WebKitWebDriver is not installed",
    open: byWebDriver(webkit),
  },
];
