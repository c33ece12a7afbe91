// Several tabs of one site: when the provider asks one to wait, all wait.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noBrowser, openPage } from "../browser.mjs";
import { useServers } from "../site.mjs";

/** One chat in a tab; returns the events other than messages, and the text. */
async function chat(base) {
  const { stream } = await import("/steadfetch/index.js");
  const body = { model: "claude-opus-4", max_tokens: 99, stream: true, messages: [{ role: "user", content: "Hi" }] };
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  globalThis.statuses = [];
  const onStatus = (status) => globalThis.statuses.push(status);
  const events = [];
  let text = "";
  for await (const event of stream(`${base}/v1/messages`, init, { onStatus, initialDelayMs: 100 })) {
    if (event.type === "message") {
      text += JSON.parse(event.data).delta?.text ?? "";
    } else {
      events.push(event);
    }
  }
  return { text, events };
}

describe("two tabs in Chromium", { skip: noBrowser, timeout: 300_000 }, () => {
  const site = useServers();

  it("wait together when one is asked to, and then one of them goes first", async () => {
    const asked = 3000;
    const byTimer = { polling: 20 }; // a hidden tab draws no frames, on which puppeteer polls by default
    const slow = { delay_ms: 300 }; // between a request and its answer's headers: as long as a probe takes
    const [one, two] = [await openPage(site.browser, site.server.url), await openPage(site.browser, site.server.url)];

    // A tab listens from its first request on.
    const before = await site.provider.newRun({ text: "before" });
    assert.equal((await two.page.evaluate(chat, before.base)).text, "before");

    const first = await site.provider.newRun({
      text: "first",
      faults: [{ status: 429, headers: { "retry-after": "3" } }, slow],
    });
    const second = await site.provider.newRun({ text: "second", faults: [slow] });
    const inOne = one.page.evaluate(chat, first.base);
    await one.page.waitForFunction(() => globalThis.statuses?.some((s) => s.state === "waiting"), byTimer);
    const inTwo = two.page.evaluate(chat, second.base);
    await two.page.waitForFunction(() => globalThis.statuses.some((s) => s.waitingFor === "cooldown"), byTimer);

    assert.equal((await inOne).text, "first");
    assert.equal((await inTwo).text, "second");
    const wall = (request) => Date.parse(request.wall);
    const [refused, again] = (await site.provider.log(first.id)).requests;
    const others = (await site.provider.log(second.id)).requests;
    assert.equal(others.length, 1);
    // Neither came before the end of the wait that the provider asked for.
    assert.ok(again.at_ms - refused.at_ms >= asked);
    assert.ok(wall(others[0]) - wall(refused) >= asked);
    // The second came only after the first had its headers.
    const gap = Math.abs(wall(again) - wall(others[0]));
    assert.ok(gap >= slow.delay_ms, `${gap} ms apart`);
    // Without a message from the first it would have waited for 5 s.
    assert.ok(gap < 4500, `${gap} ms apart`);

    assert.deepEqual([...one.complaints, ...two.complaints], []);
  });

  it("show who waits for whom", async () => {
    const query = "tokenDelayMs=1&initialDelayMs=500";
    const title = () => document.getElementById("banner").shadowRoot.querySelector("[part~=title]")?.textContent;
    const exact = () => document.querySelector("#turns .note:not(.wrong)") !== null;
    const byTimer = { polling: 50 };
    const tabs = [];
    for (const script of ["rate_limit", "healthy"]) {
      const tab = await openPage(site.browser, `${site.server.url}/?${query}&script=${script}#chat`);
      await tab.page.waitForSelector("#chat[data-ready]");
      tabs.push(tab);
    }
    const [limited, other] = tabs.map(({ page }) => page);
    // A tab listens from its first request on.
    await other.evaluate(() => document.getElementById("send").click());
    await other.waitForFunction(exact, byTimer);
    await other.evaluate(() => (document.getElementById("prompt").value = "Once more?"));

    await limited.evaluate(() => document.getElementById("send").click());
    await limited.waitForFunction(`(${title})() === "Rate limited"`, byTimer);
    await other.evaluate(() => document.getElementById("send").click());
    await other.waitForFunction(`(${title})().startsWith("Waiting for the rate limit")`, byTimer);
    await limited.waitForFunction(exact, byTimer);
    await other.waitForFunction(() => document.querySelectorAll("#turns .note:not(.wrong)").length === 2, byTimer);
    assert.deepEqual(
      tabs.flatMap(({ complaints }) => complaints),
      [],
    );
  });
});
