// The page itself, used as a person uses it, in Chromium.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { examples } from "../../public/examples.js";
import { noBrowser, openPage } from "../browser.mjs";
import { useServers } from "../site.mjs";

/** Records every state of the banner, and what is announced to screen readers. */
function record() {
  globalThis.states = [];
  globalThis.said = [];
  globalThis.counted = [];
  const look = (mutations) => {
    const part = (name) => document.getElementById("banner").shadowRoot.querySelector(`[part~="${name}"]`);
    const text = (name) => (part(name).hidden ? "" : part(name).textContent);
    const card = part("card");
    const state = card.hidden
      ? null
      : {
          tone: card.dataset.tone,
          title: text("title"),
          message: text("message"),
          attempt: text("attempt"),
          buttons: [...card.querySelectorAll("button")].filter((b) => !b.hidden).map((b) => b.textContent),
        };
    if (JSON.stringify(state) !== JSON.stringify(globalThis.states.at(-1) ?? null)) {
      globalThis.states.push(state);
    }
    for (const { target } of mutations) {
      if (target === part("live")) {
        globalThis.said.push(target.textContent);
      } else if (target === part("countdown")) {
        globalThis.counted.push(text("countdown"));
      }
    }
  };
  addEventListener("DOMContentLoaded", () => {
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    customElements.whenDefined("retry-status").then(() => {
      new MutationObserver(look).observe(document.getElementById("banner").shadowRoot, all);
    });
  });
}

/** Makes the page's time run faster, so that a test can watch waits of many seconds. */
function hurry(factor) {
  const began = Date.now();
  const realNow = Date.now.bind(Date);
  const realTimeout = setTimeout;
  Date.now = () => began + (realNow() - began) * factor;
  globalThis.setTimeout = (act, ms, ...rest) => realTimeout(act, ms / factor, ...rest);
}

describe("the page in Chromium", { skip: noBrowser, timeout: 600_000 }, () => {
  const site = useServers();
  let open; // the page under test: {page, complaints}

  afterEach(async () => {
    await open.page.close();
    assert.deepEqual(open.complaints, []);
  });

  async function visit(query = {}, { fast, hash = "#chat" } = {}) {
    open = await openPage(site.browser, "about:blank");
    const { page } = open;
    page.setDefaultTimeout(15_000);
    if (fast) {
      await page.evaluateOnNewDocument(hurry, fast);
    }
    await page.evaluateOnNewDocument(record);
    await page.goto(`${site.server.url}/?${new URLSearchParams({ tokenDelayMs: 1, ...query })}${hash}`);
    await page.waitForSelector("[data-ready]");
    return page;
  }

  const part = (name) => `#banner >>> [part~="${name}"]`;
  const shown = (name) => `#banner >>> [part=card]:not([hidden]) [part~="${name}"]:not([hidden])`;
  const focused = (page) => page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.getAttribute("part"));
  const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent);
  const finished = (page) => page.waitForSelector("#turns .note:not(.wrong)");
  const log = async (page) => site.provider.log(await page.$eval("#log", (list) => list.dataset.run));

  const waiting = (attempt, title, message) => ({
    tone: "waiting",
    title,
    message,
    attempt: `attempt ${attempt}`,
    buttons: ["Retry now", "Stop"],
  });
  const retrying = (attempt, message) => ({
    tone: "opening",
    title: `Retrying… (attempt ${attempt})`,
    message,
    attempt: "",
    buttons: ["Stop"],
  });

  it("shows what happened, how long it takes and which attempt it is, and then the whole answer", async () => {
    const page = await visit({ script: "overloaded", initialDelayMs: 60 });
    await page.click("#send");
    await finished(page);
    const message = "Anthropic is temporarily overloaded.";
    assert.deepEqual(await page.evaluate(() => globalThis.states), [
      waiting(2, "Service overloaded", message),
      retrying(2, message),
      waiting(3, "Service overloaded", message),
      retrying(3, message),
      null,
    ]);
    assert.deepEqual(await page.evaluate(() => globalThis.said.filter(Boolean)), [
      "Service overloaded. Retrying in 1 second, attempt 2.",
      "Service overloaded. Retrying in 1 second, attempt 3.",
    ]);
    const { requests } = await log(page);
    assert.deepEqual(
      requests.map(({ status }) => status),
      [529, 529, 200],
    );
    assert.ok(requests[1].at_ms - requests[0].at_ms >= 60);
    assert.ok(requests[2].at_ms - requests[1].at_ms >= 120);
  });

  it("counts down, and announces each attempt once to a screen reader, not each tick", async () => {
    const page = await visit({ script: "rate_limit" }, { fast: 10 });
    await page.click("#send");
    await finished(page);
    assert.deepEqual(await page.evaluate(() => globalThis.said.filter(Boolean)), [
      "Rate limited. Retrying in 3 seconds, attempt 2.",
    ]);
    const counted = await page.evaluate(() => globalThis.counted.filter(Boolean));
    assert.equal(counted[0], "Retrying in 3 s");
    // Text and visibility change once a second, however often they are updated.
    assert.ok(counted.length <= 6, String(counted));
  });

  for (const protocol of ["anthropic", "chat", "responses", "gemini"]) {
    it(`gets the exact answer through several faults: ${protocol}`, async () => {
      const page = await visit({ protocol, initialDelayMs: 10 });
      const scripts = { in_band: 2, reset: 2, truncated: 2, bad_day: 5 };
      for (const [i, [script, requests]] of Object.entries(scripts).entries()) {
        await page.click(`#settings [name="script"][value="${script}"]`);
        await page.type("#prompt", script);
        await page.click("#send");
        await page.waitForFunction(
          (n) => document.querySelectorAll("#turns .note:not(.wrong)").length === n,
          {},
          i + 1,
        );
        assert.equal((await log(page)).requests.length, requests);
      }
    });
  }

  for (const afterCommit of ["restart", "resume"]) {
    it(`gets the exact answer after a cut: ${afterCommit}`, async () => {
      const page = await visit({ script: "cut", initialDelayMs: 10, afterCommit });
      await page.click("#send");
      await finished(page);
      const { requests } = await log(page);
      assert.equal(requests.length, 2);
      assert.equal(requests[1].body.includes("[CONTINUE]"), afterCommit === "resume");
    });
  }

  for (const [afterCommit, pales] of Object.entries({ restart: true, resume: false })) {
    it(`shows paler what will be dropped, and nothing else: ${afterCommit}`, async () => {
      const page = await visit({ script: "cut", initialDelayMs: 1500, afterCommit });
      await page.click("#send");
      await page.waitForSelector(shown("countdown"));
      assert.equal((await page.$("#turns .stale")) !== null, pales);
      await finished(page);
      assert.equal(await page.$("#turns .stale"), null);
    });
  }

  for (const script of ["half", "error_after", "stall_after", "offline", "sleep", "dies"]) {
    it(`gets the exact answer after a fault in the middle of it: ${script}`, async () => {
      const page = await visit({ script, initialDelayMs: 4000, contentTimeoutMs: 1500, tokenDelayMs: 20 });
      await page.click("#send");
      await page.waitForSelector(shown("title"));
      assert.ok((await textOf(page, "#turns .assistant p")).length > 20);
      await finished(page);
    });
  }

  it("waits while the browser is offline, and continues when it is online again", async () => {
    const page = await visit({ script: "cut", initialDelayMs: 10, tokenDelayMs: 40 });
    await page.click("#send");
    await page.waitForFunction(() => document.querySelector("#turns .assistant p")?.textContent.length > 20);
    await page.setOfflineMode(true);
    await page.waitForFunction(
      () =>
        document.getElementById("banner").shadowRoot.querySelector("[part~=title]").textContent ===
        "Waiting for connection",
    );
    const run = await page.$eval("#log", (list) => list.dataset.run);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal((await site.provider.log(run)).requests.length, 1);
    await page.setOfflineMode(false);
    await finished(page);
    assert.equal((await site.provider.log(run)).requests.length, 2);
  });

  it("says that an answer takes long, gives up on a stream of mere pings, and gets the answer", async () => {
    const query = { script: "stall", contentTimeoutMs: 20_000, initialDelayMs: 100 };
    const page = await visit(query, { fast: 20 });
    await page.click("#send");
    await finished(page);
    const titles = await page.evaluate(() => globalThis.states.map((state) => state?.title ?? null));
    assert.deepEqual(titles, [
      "The response is taking longer than usual",
      "Response stalled",
      "Retrying… (attempt 2)",
      null,
    ]);
    assert.equal((await log(page)).requests.length, 2);
  });

  it("retries at once when a person presses Retry now", async () => {
    const page = await visit({ script: "overloaded", initialDelayMs: 30_000 });
    await page.click("#send");
    await page.waitForSelector(shown("retry-now"));
    await page.click(part("retry-now"));
    await page.waitForFunction(() => globalThis.states.filter((state) => state?.tone === "waiting").length === 2);
    await page.click(part("retry-now"));
    await finished(page);
    const { requests } = await log(page);
    assert.equal(requests.length, 3);
    assert.ok(requests[2].at_ms - requests[0].at_ms < 10_000);
  });

  it("stops a wait, and offers to retry", async () => {
    const page = await visit({ script: "rate_limit" });
    await page.click("#send");
    await page.waitForSelector(shown("stop"));
    await page.click(part("stop"));
    await page.waitForSelector(shown("retry"));
    assert.equal(await textOf(page, part("title")), "Stopped");
    assert.equal((await log(page)).requests.length, 1);
  });

  it("keeps what was received when it is stopped, and gets all of it on retry", async () => {
    const page = await visit({ script: "healthy", tokenDelayMs: 30 });
    await page.click("#send");
    await page.waitForFunction(() => document.querySelector("#turns .assistant p")?.textContent.length > 20);
    await page.keyboard.press("Escape");
    await page.waitForSelector(shown("retry"));
    assert.equal(await textOf(page, part("title")), "Stopped");
    const partial = await textOf(page, "#turns .assistant p");
    assert.ok(partial.startsWith("A stream is") && partial.length < 300);
    assert.equal((await log(page)).requests[0].client_gone, true);
    await page.click(part("retry"));
    await finished(page);
    assert.equal((await page.$$("#turns .assistant")).length, 1);
  });

  it("keeps what was received when the policy gives up, and says so", async () => {
    const page = await visit({ script: "cut", afterCommit: "fail" });
    await page.click("#send");
    await page.waitForSelector(shown("retry"));
    assert.equal(await textOf(page, part("title")), "Interrupted: Connection lost");
    assert.ok((await textOf(page, "#turns .assistant p")).startsWith("A stream is"));
    await page.click(part("retry"));
    await finished(page);
  });

  const failures = [
    ["auth", { protocol: "chat" }, "Authentication failed", "HTTP 401"],
    ["quota", { protocol: "responses" }, "Usage limit reached", "HTTP 429"],
    ["too_long", { protocol: "gemini" }, "Rate limited", "HTTP 429"],
    ["overloaded", { maxAttempts: 1 }, "Request failed", "HTTP 529"],
  ];
  for (const [script, query, title, status] of failures) {
    it(`says why it stops: ${script}`, async () => {
      const page = await visit({ script, ...query });
      await page.click("#send");
      await page.waitForSelector(shown("retry"));
      assert.equal(await textOf(page, part("title")), title);
      assert.equal(await textOf(page, part("status")), status);
      assert.notEqual(await textOf(page, part("message")), "");
      assert.equal((await log(page)).requests.length, 1);
      // On the next try the provider has recovered.
      await page.click(part("retry"));
      if (script !== "overloaded") {
        await finished(page);
      }
    });
  }

  it("gives up after five attempts on a provider that allows no requests from pages", async () => {
    const page = await visit({ script: "cors", initialDelayMs: 5 });
    await page.click("#send");
    await page.waitForSelector(shown("retry"));
    assert.equal(await textOf(page, part("message")), "Anthropic could not be reached from this page.");
    const { requests, preflights } = await log(page);
    assert.equal(requests.length, 0);
    assert.equal(preflights, 5);
  });

  it("uses its own backoff when the provider hides Retry-After from pages", async () => {
    const page = await visit({ script: "hidden", initialDelayMs: 50 });
    await page.click("#send");
    await finished(page);
    const { requests } = await log(page);
    const waited = requests[1].at_ms - requests[0].at_ms;
    assert.ok(waited >= 50 && waited < 2000, `waited ${waited} ms`);
  });

  it("continues a wait after a reload", async () => {
    const page = await visit({ script: "overloaded", initialDelayMs: 20_000 });
    await page.click("#send");
    await page.waitForSelector(shown("countdown"));
    await page.reload();
    await page.waitForSelector(shown("countdown"));
    assert.equal(await textOf(page, part("title")), "Service overloaded");
    assert.equal(await textOf(page, part("attempt")), "attempt 2");
    assert.equal(await textOf(page, "#turns .user p"), "What is a stream that survives?");
    assert.equal((await log(page)).requests.length, 1);
    await page.click(part("retry-now"));
    await page.waitForFunction(() => globalThis.states.some((state) => state?.tone === "opening"));
    await page.waitForSelector(shown("retry-now"));
    await page.click(part("retry-now"));
    await finished(page);
    assert.equal((await log(page)).requests.length, 3);
  });

  it("still shows a failure after a reload", async () => {
    const page = await visit({ script: "auth" });
    await page.click("#send");
    await page.waitForSelector(shown("retry"));
    await page.reload();
    await page.waitForSelector(shown("retry"));
    assert.equal(await textOf(page, part("title")), "Authentication failed");
    await page.click(part("retry"));
    await finished(page);
  });

  it("shows no banner after a reload when all is well", async () => {
    const page = await visit({ script: "in_band", initialDelayMs: 10 });
    await page.click("#send");
    await finished(page);
    const answer = await textOf(page, "#turns .assistant p");
    await page.reload();
    await page.waitForSelector("[data-ready]");
    assert.equal(await textOf(page, "#turns .assistant p"), answer);
    assert.equal(await page.$(shown("title")), null);
  });

  it("can be used with the keyboard alone", async () => {
    const page = await visit({ script: "rate_limit" });
    await page.keyboard.press("Enter"); // the prompt has the focus
    await page.waitForSelector(shown("retry-now"));
    await page.focus(part("retry-now"));
    assert.ok(await page.$(`${part("retry-now")}:focus-visible`));
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "button stop");
    await page.keyboard.press("Space");
    await page.waitForSelector(shown("retry"));
    // The button that had the focus is gone; the focus moves to the card.
    assert.equal(await focused(page), "card");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "button retry");
  });

  it("draws what the provider saw", async () => {
    const page = await visit({ script: "rate_limit", protocol: "chat" }, { fast: 10 });
    await page.click("#send");
    await finished(page);
    const rows = await page.$$eval("#log li", (items) => items.map((item) => [item.className, item.textContent]));
    assert.deepEqual(
      rows.map(([name]) => name),
      ["request fault", "wait", "request good"],
    );
    assert.match(rows[0][1], /^1429Retry-After: 3/);
    assert.match(rows[1][1], /asked for 3\.00 s$/);
  });

  it("can have a conversation of several turns", async () => {
    const page = await visit({ script: "in_band", initialDelayMs: 10 });
    await page.click("#send");
    await finished(page);
    await page.type("#prompt", "And then?");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelectorAll("#turns .note:not(.wrong)").length === 2);
    const { requests } = await log(page);
    assert.equal(JSON.parse(requests[0].body).messages.length, 3);
  });

  const verdicts = {
    "Anthropic, overloaded": ["yes", "overloaded"],
    "OpenAI, rate limit": ["yes", "rate_limit"],
    "OpenAI, no credit": ["no", "quota"],
    "Gemini, per day": ["no", "quota"],
    "An event in the stream": ["yes", "overloaded"],
    "Node.js, fetch failed": ["yes", "network"],
    "Chromium, fetch": ["yes", "network"],
    "A gateway's page": ["yes", "server"],
    "Context too long": ["no", "context_length"],
    "Wrong key": ["no", "auth"],
  };

  it("classifies every example of the playground", async () => {
    const page = await visit({}, { hash: "#playground" });
    const got = {};
    for (const button of await page.$$(".example")) {
      await button.click();
      const [name, answer, kind, rule, decided] = await page.evaluate(
        (own) => [
          own.textContent,
          document.querySelector(".verdict-card").classList.contains("yes") ? "yes" : "no",
          ...[...document.querySelectorAll(".facts dd")].slice(0, 2).map((fact) => fact.textContent),
          document.querySelector(".trail .decided code").textContent,
        ],
        button,
      );
      got[name] = [answer, kind];
      assert.equal(decided, rule);
    }
    assert.deepEqual(Object.keys(got), Object.keys(examples));
    assert.deepEqual(got, verdicts);
  });
});
