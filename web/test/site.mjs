// Shared by the tests of views: the provider, the page's server and a browser, for the duration of a suite.
import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { startProvider } from "../provider.mjs";
import { startServer } from "../server.mjs";
import { launch, openPage } from "./browser.mjs";

/** Starts them before the suite's first test, and ends them after its last. */
export function useServers() {
  const site = {};

  before(async () => {
    site.provider = await startProvider();
    site.server = await startServer({ provider: site.provider.url });
    site.browser = await launch();
  });

  after(async () => {
    await site.browser?.close();
    await site.server?.close();
    await site.provider?.stop();
  });

  return site;
}

/** The same, for tests of one page each. `visit` opens a view and returns its page. */
export function useSite() {
  const site = Object.assign(useServers(), { pages: [] });

  afterEach(async () => {
    for (const { page, complaints } of site.pages.splice(0)) {
      await page.close();
      assert.deepEqual(complaints, []);
    }
  });

  site.visit = async (view, query = {}, prepare = () => {}) => {
    const opened = await openPage(site.browser, "about:blank");
    site.pages.push(opened);
    const { page } = opened;
    page.setDefaultTimeout(30_000);
    await page.evaluateOnNewDocument(prepare);
    const [name] = view.split("?");
    await page.goto(`${site.server.url}/?${new URLSearchParams(query)}#${view}`);
    await page.waitForSelector(`#${name}[data-ready]`);
    return page;
  };
  return site;
}
