// The comparison: each real SDK beside steadfetch, through several faults.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noBrowser } from "../browser.mjs";
import { useSite } from "../site.mjs";

/** What each lane shows when everything is done. */
function lanes() {
  return ["bare", "ours"].map((id) => {
    const lane = document.getElementById(id);
    const facts = [...lane.querySelectorAll(".took div")].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
    return {
      how: lane.dataset.state,
      answer: lane.querySelector(".answer").textContent,
      sum: lane.querySelector(".sum").textContent,
      bars: lane.querySelectorAll(".bar").length,
      ...Object.fromEntries(facts),
    };
  });
}

describe("the comparison in Chromium", { skip: noBrowser, timeout: 600_000 }, () => {
  const site = useSite();

  async function compare(query) {
    const page = await site.visit("compare", { tokenDelayMs: 15, ...query });
    await page.waitForSelector("#compare[data-state=done]");
    return [...(await page.evaluate(lanes)), page];
  }

  it("runs by itself: half an answer reported as a success, and the whole answer", async () => {
    const [bare, ours] = await compare();
    assert.equal(bare.sum, "Half an answer, reported as a success");
    assert.equal(ours.sum, "Exact to the byte");
    assert.ok(ours.answer.startsWith(bare.answer) && bare.answer.length > 20);
    assert.deepEqual([bare.Requests, ours.Requests], ["1", "2"]);
    assert.deepEqual([bare.bars, ours.bars], [1, 2]);
    assert.equal(bare["Paid for"], "12 tokens, for half an answer");
    assert.equal(ours["Paid for"], "25 tokens");
    assert.equal(bare.Waited, "–");
    assert.match(ours.Waited, /^1\.\d s$/);
  });

  // How each package ends today: a new version may do better.
  const alone = {
    openai: {
      ends: "cut",
      error_after: "failed",
      cut: "failed",
      truncated: "cut",
      overloaded: "exact",
      auth: "failed",
    },
    anthropic: {
      ends: "cut",
      error_after: "failed",
      cut: "failed",
      truncated: "cut",
      overloaded: "exact",
      auth: "failed",
    },
    ai: { ends: "cut", error_after: "failed", cut: "failed", truncated: "cut", auth: "failed" },
  };
  for (const [peer, faults] of Object.entries(alone)) {
    for (const [script, how] of Object.entries(faults)) {
      it(`${peer} beside steadfetch: ${script}`, async () => {
        const [bare, ours] = await compare({ peer, script });
        assert.equal(bare.how, how, bare.sum);
        assert.equal(ours.how, script === "auth" ? "stopped" : "exact", ours.sum);
      });
    }
  }

  it("shows what starting over costs", async () => {
    const [, ours] = await compare({ script: "ends", afterCommit: "restart" });
    assert.equal(ours.how, "exact");
    assert.equal(ours["Paid for"], "37 tokens, 12 of them twice");
  });

  it("fails and says why, if so chosen", async () => {
    const [, ours, page] = await compare({ script: "cut", afterCommit: "fail" });
    assert.equal(ours.how, "stopped");
    assert.equal(ours.Requests, "1");
    assert.equal(
      await page.$eval("#compare-banner >>> [part~=title]", (title) => title.textContent),
      "Interrupted: Connection lost",
    );
  });

  it("does not wait for a client that waits forever", async () => {
    const [bare, ours] = await compare({ script: "stall_after" });
    assert.equal(bare.how, "hung");
    assert.match(bare.sum, /^Still waiting after \d+(\.\d)? s of silence, without an error$/);
    assert.equal(ours.how, "exact");
  });

  for (const [script, words] of Object.entries({ offline: "Offline", sleep: "The laptop sleeps" })) {
    it(`simulates what happens to the machine: ${script}`, async () => {
      const page = await site.visit("compare", { script, tokenDelayMs: 30 });
      await page.waitForFunction((words) => document.getElementById("mishap").textContent === words, {}, words);
      await page.waitForFunction(() => navigator.onLine === false);
      await page.waitForSelector("#compare[data-state=done]");
      const [bare, ours] = await page.evaluate(lanes);
      assert.equal(bare.how, "failed");
      assert.equal(ours.how, "exact");
      assert.equal(ours.Requests, "2"); // no request was wasted while the browser said that it is offline
      assert.deepEqual(await page.evaluate(() => [navigator.onLine, document.getElementById("mishap").textContent]), [
        true,
        "",
      ]);
      const ahead = (await page.evaluate(() => Date.now())) - Date.now();
      assert.equal(ahead > 29 * 60_000, script === "sleep"); // the clock went on while the machine slept
    });
  }

  it("starts over when something else is chosen while it runs", async () => {
    const page = await site.visit("compare", { script: "stall_after", tokenDelayMs: 15 });
    await page.waitForFunction(() => document.querySelector("#ours .answer").textContent.length > 20);
    await page.click("#compare label:has([value=healthy])");
    await page.waitForSelector("#compare[data-state=done]");
    const [bare, ours] = await page.evaluate(lanes);
    assert.deepEqual([bare.how, ours.how], ["exact", "exact"]);
    assert.deepEqual([bare.Requests, ours.Requests], ["1", "1"]);
  });

  it("says that its server is gone, and goes on when it is back", async () => {
    const page = await site.visit("compare", { tokenDelayMs: 5 });
    await page.waitForSelector("#compare[data-state=done]");
    let gone = true;
    await page.setRequestInterception(true);
    page.on("request", (request) =>
      gone && /_chattest|storm/.test(request.url()) ? request.abort() : request.continue(),
    );
    const words = (view) => page.$eval(view, ({ textContent }) => textContent);
    const sorry = "The server of this page does not answer. Is it still running?";
    await page.click("#again");
    await page.waitForSelector("#compare[data-state=failed]");
    assert.equal(await words("#mishap"), sorry);
    await page.click("#tab-chat");
    await page.waitForSelector("#chat[data-ready]");
    await page.click("#send");
    await page.waitForFunction(() => document.getElementById("chat-mishap").textContent !== "");
    assert.equal(await words("#chat-mishap"), sorry);
    assert.equal((await page.$$("#turns li")).length, 0);
    assert.equal(await page.$eval("#prompt", ({ value }) => value), "What is a stream that survives?");
    await page.click("#tab-storm");
    await page.waitForFunction(() => /^This view could not/.test(document.getElementById("storm").textContent));
    await page.click("#tab-chat");
    gone = false;
    await page.click("#send");
    await page.waitForSelector("#turns .note:not(.wrong)");
    assert.equal(await words("#chat-mishap"), "");
    await page.click("#tab-compare");
    await page.click("#again");
    await page.waitForSelector("#compare[data-state=done]");
    assert.equal(await words("#mishap"), "");
  });

  it("shows the code, to copy", async () => {
    const page = await site.visit("compare", { peer: "anthropic", afterCommit: "restart" }, () => {
      const clipboard = { writeText: async (text) => (globalThis.copied = text) };
      Object.defineProperty(navigator, "clipboard", { value: clipboard });
    });
    await page.waitForSelector("#compare[data-state=done]"); // while it runs, the buttons move, and a click goes to a position
    const copied = [];
    for (const button of await page.$$("#compare .copy")) {
      await button.click();
      copied.push(await page.evaluate(() => globalThis.copied));
    }
    assert.equal(copied.length, 3);
    assert.match(copied[0], /import Anthropic from "@anthropic-ai\/sdk"/);
    assert.match(copied[1], /afterCommit: "restart"/);
    assert.match(
      copied[2],
      /no starting over here\.\n.*new Anthropic\(\{\n {2}fetch: createFetch\(\),\n {2}maxRetries: 0,\n\}\)/,
    );
    assert.deepEqual(await page.$$eval("#compare .links a", (links) => links.map(({ textContent }) => textContent)), [
      "README",
      "npm package",
      "Source",
      "This page's source",
    ]);
  });
});
