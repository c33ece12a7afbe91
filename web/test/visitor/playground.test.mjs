// The playground: its state in the URL, its exports, and the waits of a policy.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { caseOf, corpusIndex } from "../../corpus.mjs";
import { parseFailure } from "../../public/parse-failure.js";
import { noBrowser } from "../browser.mjs";
import { useSite } from "../site.mjs";

const secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789";
const pasted = `HTTP/1.1 401 Unauthorized
x-key: ${secret}

{"error":{"message":"Incorrect API key provided: ${secret}.","type":"invalid_request_error","code":"invalid_api_key"}}`;

function keepCopies() {
  const clipboard = { writeText: async (text) => (globalThis.copied = text) };
  Object.defineProperty(navigator, "clipboard", { value: clipboard });
}

describe("the playground in Chromium", { skip: noBrowser, timeout: 300_000 }, () => {
  const site = useSite();
  const open = (state) => site.visit(`playground?${new URLSearchParams(state)}`, {}, keepCopies);
  const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent);
  const waits = (page) => page.$eval("#waits-plot svg", (svg) => svg.getAttribute("aria-label"));

  async function copy(page, words) {
    for (const button of await page.$$("#copies button")) {
      if ((await button.evaluate(({ textContent }) => textContent)) === words) {
        await button.click();
      }
    }
    return page.evaluate(() => globalThis.copied);
  }

  it("has its whole state in a link", async () => {
    const page = await open({ failure: "429", jitter: "equal" });
    await page.type("#waits [name=maxAttempts]", "4");
    const link = await copy(page, "Copy the link");
    const other = await site.visit(link.split("#")[1]);
    assert.equal(await other.$eval("#failure", ({ value }) => value), "429");
    assert.equal(await textOf(other, ".verdict-card h2"), "Rate limited");
    assert.equal(await other.$eval("#waits [name=jitter]", ({ value }) => value), "equal");
    assert.equal(await waits(other), await waits(page));
    assert.equal((await waits(page)).split("→").length, 3);
  });

  it("exports a test vector", async () => {
    const page = await open({ failure: pasted });
    const { failure, verdict } = JSON.parse(await copy(page, "Copy as a test vector"));
    assert.deepEqual(failure, parseFailure(pasted).failure);
    assert.deepEqual([verdict.kind, verdict.retryable], ["auth", false]);
    assert.equal(verdict.rule, await textOf(page, ".trail .decided code"));
    assert.ok(!Object.keys(verdict).some((name) => /[A-Z]/.test(name)));
  });

  it("exports a bug report without secrets", async () => {
    const page = await open({ failure: pasted });
    const report = await copy(page, "Copy as a bug report");
    assert.match(report, /\* status: 401\n/);
    assert.match(report, /kind `auth`/);
    assert.match(report, /\(decided\)/);
    assert.ok(!report.includes(secret) && !report.includes("abcdefgh"), report);
  });

  it("shows the waits of a policy, as the module computes them", async () => {
    const page = await open({ failure: "" });
    assert.equal(
      await waits(page),
      "Waits: 1 s → 2 s → 4 s → 8 s → 16 s → 32 s → 60 s → 60 s → 60 s → 60 s → 60 s → 60 s",
    );
    await page.type("#waits [name=initialDelayMs]", "250");
    await page.type("#waits [name=maxAttempts]", "5");
    assert.equal(await waits(page), "Waits: 250 ms → 500 ms → 1 s → 2 s");
    assert.match(await textOf(page, "#waits-plot figcaption"), /Then it gives up\.$/);
  });

  it("offers the labelled errors", async () => {
    const page = await open({ failure: "" });
    await page.focus("#corpus");
    await page.waitForSelector("#corpus-cases option");
    const cases = await page.$$eval("#corpus-cases option", (options) => options.map(({ value }) => value));
    assert.equal(cases.length, corpusIndex().length);
    assert.ok(cases.length > 1000);
    const [picked] = cases.filter((value) => value.includes("overloaded"));
    await page.type("#corpus", picked);
    await page.waitForFunction(() => document.getElementById("corpus-label").textContent !== "");
    const { failure, labels } = caseOf(picked.split(" ")[0]);
    assert.deepEqual(JSON.parse(await page.$eval("#failure", ({ value }) => value)), failure);
    assert.match(
      await textOf(page, "#corpus-label"),
      new RegExp(`labelled: ${labels.retryable ? "try again" : "stop"}, ${labels.kind}; the verdict agrees`),
    );
    // It can be passed on, with its label.
    const other = await site.visit((await copy(page, "Copy the link")).split("#")[1]);
    await other.waitForFunction(() => document.getElementById("corpus-label").textContent !== "");
    assert.equal(await textOf(other, "#corpus-label"), await textOf(page, "#corpus-label"));
    assert.deepEqual(JSON.parse(await other.$eval("#failure", ({ value }) => value)), failure);
    // Once it is edited, it is another error.
    await other.type("#failure", " ");
    assert.equal(await textOf(other, "#corpus-label"), "");
    await other.waitForFunction(() => location.hash.includes("failure="));
  });
});

it("reads every labelled error exactly as it is stored", () => {
  for (const [id] of corpusIndex()) {
    const { failure } = caseOf(id);
    assert.deepEqual(parseFailure(JSON.stringify(failure, null, 2)).failure, failure, id);
  }
});
