// Each view, in light and dark, on a phone and a desktop: its size, axe, and its touch targets; and screenshots to look at,
// in .cache/screens.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { noBrowser, openPage } from "../browser.mjs";
import { useServers } from "../site.mjs";

const screens = fileURLToPath(new URL("../../.cache/screens/", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sizes = {
  phone: { width: 390, height: 844, isMobile: true, hasTouch: true },
  desk: { width: 1280, height: 800 },
};

/** How to bring each view to the state that shows most. */
const views = {
  compare: (page) => page.waitForSelector("#compare[data-state=done]"),
  async chat(page) {
    await page.click("#send");
    await page.waitForSelector("#banner >>> [part=card]:not([hidden]) [part~=countdown]:not([hidden])");
    await page.waitForSelector("#log .request");
  },
  storm: (page) => page.waitForSelector("#storm[data-state=done]"),
  async playground(page) {
    await page.select("#waits [name=jitter]", "full");
    await page.waitForSelector("#waits-plot rect.range");
  },
};

describe("the views in Chromium", { skip: noBrowser, timeout: 600_000 }, () => {
  const site = useServers();

  before(() => void mkdirSync(screens, { recursive: true }));

  async function visit(view, { size = "desk", scheme = "light" } = {}) {
    const { page, complaints } = await openPage(site.browser, "about:blank");
    page.setDefaultTimeout(30_000);
    await page.setViewport(sizes[size]);
    await page.emulateMediaFeatures([
      { name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: "reduce" },
    ]);
    await page.goto(`${site.server.url}/?initialDelayMs=30000#${view}`);
    await page.waitForSelector(`#${view}[data-ready]`);
    return { page, complaints };
  }

  /** The controls that are too small for a thumb. */
  function small(least) {
    const pressable = "button, select, summary, a, input:not([type=radio]), textarea, label:has([type=radio])";
    const banners = [...document.querySelectorAll("retry-status:defined")].map(({ shadowRoot }) => shadowRoot);
    const all = [document, ...banners].flatMap((root) => [...root.querySelectorAll(pressable)]);
    const shown = all.filter((element) => element.checkVisibility());
    const inside = (element) => element.matches("label *") || element.matches(".facts *, .trail *");
    return shown
      .filter((element) => !inside(element))
      .map((element) => ({ what: element.outerHTML.slice(0, 80), ...element.getBoundingClientRect().toJSON() }))
      .filter(({ width, height }) => Math.min(width, height) < least)
      .map(({ what, width, height }) => `${what}: ${width} x ${height}`);
  }

  /** How tall the screen has to be for nothing to scroll. */
  function tallest() {
    const inside = [...document.querySelectorAll("main *")].map(({ scrollHeight }) => scrollHeight);
    return document.querySelector("header").offsetHeight + Math.max(innerHeight, ...inside);
  }

  for (const [view, arrange] of Object.entries(views)) {
    for (const size of Object.keys(sizes)) {
      for (const scheme of ["light", "dark"]) {
        it(`${view}, ${size}, ${scheme}: passes axe, and fits the screen`, async () => {
          const { page, complaints } = await visit(view, { size, scheme });
          await arrange(page);
          await page.screenshot({ path: join(screens, `${view}-${size}-${scheme}.png`) });
          await page.evaluate(axe); // through the driver: the page's policy forbids foreign scripts
          const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
          assert.deepEqual(found, []);
          assert.ok(passes.length > 20, `only ${passes.length} rules had something to look at`);
          const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
          assert.equal(wide, inner);
          if (size === "phone") {
            assert.deepEqual(await page.evaluate(small, 44), []);
          }
          await page.setViewport({ ...sizes[size], height: await page.evaluate(tallest) });
          await page.screenshot({ path: join(screens, `${view}-${size}-${scheme}-whole.png`) });
          assert.deepEqual(complaints, []);
          await page.close();
        });
      }
    }
  }

  for (const size of Object.keys(sizes)) {
    it(`shows the wait of the comparison where its outcome comes, ${size}`, async () => {
      const { page, complaints } = await visit("compare", { size });
      const top = (selector) => page.$eval(selector, (element) => element.getBoundingClientRect().top);
      await page.click("#compare label:has([value=half])");
      await page.waitForSelector("#bare[data-state=flowing]");
      const before = await top("#compare-code");
      await page.waitForSelector("#compare-banner >>> [part=card]:not([hidden]) [part~=countdown]:not([hidden])");
      await page.screenshot({ path: join(screens, `compare-${size}-light-waiting.png`) });
      assert.ok((await top("#compare-banner")) < sizes[size].height - 150, "it is in view");
      const during = await top("#compare-code");
      await page.waitForSelector("#compare[data-state=done]");
      if (size === "desk") {
        assert.deepEqual([during, await top("#compare-code")], [before, before], "nothing moves");
      }
      assert.deepEqual(complaints, []);
      await page.close();
    });
  }

  it("has the faults at the bottom of a phone's screen, and the log in view", async () => {
    const { page } = await visit("chat", { size: "phone" });
    await views.chat(page);
    const top = (selector) => page.$eval(selector, (element) => element.getBoundingClientRect().top);
    const bottom = (selector) => page.$eval(selector, (element) => element.getBoundingClientRect().bottom);
    const { height } = sizes.phone;
    assert.ok((await top("#settings .scripts")) > height / 2);
    assert.ok((await bottom("#settings .scripts")) < height);
    assert.ok((await bottom("#composer")) <= height);
    assert.ok((await top("#log")) > 0 && (await bottom("#log")) < height);
    await page.goto(`${site.server.url}/#compare`);
    await page.waitForSelector("#compare[data-ready]");
    assert.ok((await top("#compare .scripts")) > height / 2);
    assert.ok((await bottom("#again")) <= height);
    await page.close();
  });

  it("is at most 90 kB for the first view and 200 kB with all views, compressed", async () => {
    const peers = /\/peers\//;
    const { page } = await openPage(site.browser, "about:blank");
    const client = await page.createCDPSession();
    await client.send("Network.enable");
    const urls = new Map();
    let all = 0;
    client.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response.url));
    client.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const url = urls.get(requestId) ?? "";
      if (url.startsWith(site.server.url) && !peers.test(url)) {
        all += encodedDataLength;
      }
    });
    await page.goto(`${site.server.url}/`);
    await page.waitForSelector("#compare[data-state=done]", { timeout: 30_000 });
    const first = all;
    assert.ok(
      [...urls.values()].some((url) => /\/peers\/openai\.js$/.test(url)),
      "the SDK is loaded separately",
    );
    for (const view of ["chat", "storm", "playground"]) {
      await page.click(`#tab-${view}`);
      await page.waitForSelector(`#${view}[data-ready]`);
    }
    await page.focus("#corpus");
    await page.waitForSelector("#corpus-cases option");
    console.log(`first view ${(first / 1000).toFixed(1)} kB, all views ${(all / 1000).toFixed(1)} kB`);
    assert.ok(first > 60_000 && first <= 90_000, `${first} bytes`);
    assert.ok(all <= 200_000, `${all} bytes`);
    await page.close();
  });
});
