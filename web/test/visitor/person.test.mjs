// What a person does with the page, in Chromium, Firefox and WebKit.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startProvider } from "../../provider.mjs";
import { startServer } from "../../server.mjs";
import { browsers } from "../browsers.mjs";

const banner = "#banner";
const card = "[part=card]:not([hidden])";

for (const { name, missing, open } of browsers) {
  describe(`a person in ${name}`, { skip: missing, timeout: 600_000 }, () => {
    let provider;
    let server;
    let page;

    before(async () => {
      provider = await startProvider();
      server = await startServer({ provider: provider.url });
      page = await open(`${server.url}/?script=ends`);
    });

    after(async () => {
      await page?.close();
      await server?.close();
      await provider?.stop();
    });

    /** Opens a view afresh, without stored state. */
    async function visit(view, query = {}, tab = page) {
      await tab.goto(`${server.url}/config.json`);
      await tab.run(() => sessionStorage.clear());
      await tab.goto(`${server.url}/?${new URLSearchParams({ tokenDelayMs: 2, ...query })}#${view}`);
      await tab.until(`${view} is ready`, (view) => document.getElementById(view)?.dataset.ready === "", view);
    }

    const done = (view) =>
      page.until(`${view} is done`, (id) => document.getElementById(id).dataset.state === "done", view);
    const finished = (tab = page, n = 1) =>
      tab.until(`answer ${n} is exact`, (n) => document.querySelectorAll("#turns .note:not(.wrong)").length === n, n);
    const shown = (part, tab = page) =>
      tab.until(
        `the banner shows ${part}`,
        (part) => {
          const root = document.querySelector("#banner")?.shadowRoot; // the view may still be loading
          const found = root?.querySelector(`[part=card]:not([hidden]) [part~="${part}"]:not([hidden])`);
          return found?.textContent;
        },
        part,
      );
    const requests = async () => {
      const id = await page.run(() => document.getElementById("log").dataset.run);
      return (await provider.log(id)).requests;
    };
    const lanes = () =>
      page.run(() =>
        ["bare", "ours"].map((id) => {
          const lane = document.getElementById(id);
          return [lane.dataset.state, lane.querySelector(".answer").textContent.length];
        }),
      );

    it("sees the difference without doing anything", async () => {
      await done("compare");
      const [[bare, half], [ours, whole]] = await lanes();
      assert.equal(bare, "cut");
      assert.equal(ours, "exact");
      assert.ok(half > 0 && half < whole, `${half} of ${whole} characters`);
    });

    it("chooses another fault and another SDK, and compares again", async () => {
      await visit("compare", { script: "healthy" });
      await done("compare");
      await page.click("#compare label:has([value=anthropic])");
      await page.click("#compare label:has([value=error_after])");
      await page.until("it runs", () => document.querySelector("#bare h2").textContent.includes("anthropic"));
      await page.until("it has failed", () => document.getElementById("bare").dataset.state === "failed");
      await done("compare");
      assert.deepEqual(
        (await lanes()).map(([state]) => state),
        ["failed", "exact"],
      );
    });

    it("sends, watches the wait, and gets the whole answer", async () => {
      await visit("chat", { script: "rate_limit" });
      await page.click("#send");
      assert.match(await shown("countdown"), /^Retrying in [123] s$/);
      await finished();
      assert.equal((await requests()).length, 2);
    });

    it("is impatient, and retries now", async () => {
      await visit("chat", { script: "overloaded", initialDelayMs: 60_000 });
      await page.click("#send");
      await shown("retry-now");
      await page.click(banner, `${card} [part~=retry-now]`);
      await page.until("the second wait", () => document.querySelectorAll("#log .request").length === 2);
      await shown("retry-now");
      await page.click(banner, `${card} [part~=retry-now]`);
      await finished();
    });

    it("stops in the middle of an answer, keeps what arrived, and retries", async () => {
      await visit("chat", { script: "healthy", tokenDelayMs: 60 });
      await page.click("#send");
      await page.until("some of it", () => document.querySelector("#turns .assistant p")?.textContent.length > 20);
      await page.click("#halt");
      assert.equal(await shown("title"), "Stopped");
      const kept = await page.run(() => document.querySelector("#turns .assistant p").textContent);
      assert.ok(kept.startsWith("A stream is a"));
      await page.click(banner, `${card} [part~=retry]`);
      await finished();
    });

    it("reloads in the middle of a wait, which continues", async () => {
      await visit("chat", { script: "overloaded", initialDelayMs: 60_000 });
      await page.click("#send");
      await shown("countdown");
      await page.reload();
      assert.match(await shown("countdown"), /^Retrying in \d+ s$/);
      assert.equal(await shown("attempt"), "attempt 2");
      assert.equal((await requests()).length, 1);
      await page.click(banner, `${card} [part~=retry-now]`);
      await page.until("the second wait", () => document.querySelectorAll("#log .request").length === 2);
      await page.click(banner, `${card} [part~=stop]`);
      await shown("retry");
    });

    for (const script of ["half", "offline", "dies"]) {
      it(`resumes an answer, which never turns pale: ${script}`, async () => {
        await visit("chat", {
          script,
          tokenDelayMs: 20,
          initialDelayMs: script === "dies" ? 4000 : 100,
          afterCommit: "resume",
        });
        await page.click("#send");
        await shown("title");
        const [opacity, text] = await page.run(() => {
          const answer = document.querySelector("#turns .assistant");
          return [getComputedStyle(answer).opacity, answer.querySelector("p").textContent];
        });
        assert.equal(opacity, "1");
        assert.ok(text.length > 20);
        await finished();
      });
    }

    it("has two tabs, and when one has to wait, the other does not ask before", async () => {
      const other = await page.tab(`${server.url}/config.json`);
      await visit("chat", { script: "healthy" }, other);
      await other.click("#send"); // a tab listens from its first request on
      await finished(other);
      await visit("chat", { script: "rate_limit" });
      await page.click("#send");
      assert.equal(await shown("title"), "Rate limited");
      await other.run(() => (document.getElementById("prompt").value = "Once more?"));
      await other.click("#send");
      assert.match(await shown("title", other), /^Waiting for the rate limit/);
      await finished();
      await finished(other, 2);
      const id = await other.run(() => document.getElementById("log").dataset.run);
      const [[refused, again], [only, ...more]] = [await requests(), (await provider.log(id)).requests];
      assert.deepEqual(more, []);
      assert.ok(Date.parse(only.wall) - Date.parse(refused.wall) >= 3000);
      assert.ok(again.at_ms - refused.at_ms >= 3000);
      await other.close();
    });

    it("watches a storm", async () => {
      await visit("storm");
      await done("storm");
      const [ours, alone] = await page.run(() =>
        [...document.querySelectorAll("#storm-table tbody tr")].map((row) =>
          [...row.children].map((cell) => Number(cell.textContent.replace(/,| s$/g, ""))),
        ),
      );
      assert.deepEqual([ours[4], alone[4]], [1000, 1000]);
      assert.ok(ours[1] < 30 && ours[2] < alone[2] / 3, `${ours}, alone ${alone}`);
      assert.ok(await page.run(() => document.querySelector("#storm-plot canvas")?.width > 100));
    });

    it("pastes an error and gets a verdict", async () => {
      await visit("playground");
      await page.run(() => {
        document.getElementById("failure").value = "";
        document.getElementById("failure").focus();
      });
      await page.type("HTTP/1.1 401");
      await page.until(
        "the verdict",
        () => document.querySelector(".verdict-card.no h2")?.textContent === "Authentication failed",
      );
    });
  });
}
