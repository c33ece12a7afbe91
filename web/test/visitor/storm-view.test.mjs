// The storm's view: the same seed gives the same picture; and the export as CSV.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noBrowser } from "../browser.mjs";
import { useSite } from "../site.mjs";

describe("the storm in Chromium", { skip: noBrowser, timeout: 300_000 }, () => {
  const site = useSite();

  async function visit(query = {}) {
    const page = await site.visit("storm", query, () => {
      const clipboard = { writeText: async (text) => (globalThis.copied = text) };
      Object.defineProperty(navigator, "clipboard", { value: clipboard });
      const create = URL.createObjectURL.bind(URL);
      URL.createObjectURL = (blob) => {
        globalThis.saved = blob.text();
        return create(blob);
      };
    });
    await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
    await page.waitForSelector("#storm[data-state=done]");
    return page;
  }

  const table = (page) =>
    page.$$eval("#storm-table tbody tr", (rows) =>
      rows.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
  const picture = (page) => page.$eval("#storm-plot canvas", (canvas) => canvas.toDataURL());

  async function again(page, change) {
    await page.evaluate(change);
    await page.waitForSelector("#storm[data-state=running]");
    await page.waitForSelector("#storm[data-state=done]");
  }

  const seed = (n) =>
    new Function(
      `const field = document.querySelector("#storm [name=seed]"); field.value = "${n}"; field.form.dispatchEvent(new Event("change"))`,
    );

  it("shows the same picture and table for the same seed", async () => {
    const page = await visit();
    const [first, drawn] = [await table(page), await picture(page)];
    assert.deepEqual([first[0][0], first[0][4]], ["steadfetch", "1,000"]);
    await again(page, seed(7));
    assert.notDeepEqual(await table(page), first);
    assert.notEqual(await picture(page), drawn);
    await again(page, seed(1));
    assert.deepEqual(await table(page), first);
    assert.equal(await picture(page), drawn);
  });

  it("can be passed on as a link", async () => {
    const link = { clients: 200, limit: 10, window: 2, told: false, seed: 7, server: "bucket" };
    const page = await visit(link);
    const outputs = await page.$$eval("#storm output", (all) => all.map(({ value }) => value));
    assert.deepEqual(outputs, ["200", "10 in a window", "2 s"]);
    assert.equal(await page.$eval("#storm [name=told]", ({ checked }) => checked), false);
    await page.click("#storm .row .copy");
    const { searchParams, hash } = new URL(await page.evaluate(() => globalThis.copied));
    const copied = Object.fromEntries(searchParams);
    assert.deepEqual(copied, Object.fromEntries(Object.entries(link).map(([name, value]) => [name, String(value)])));
    assert.equal(hash, "#storm");
    assert.deepEqual(await table(await visit(copied)), await table(page));
  });

  it("can be saved as CSV, with every second of every kind", async () => {
    const page = await visit();
    await page.click("#storm-csv");
    const lines = (await page.evaluate(() => globalThis.saved)).trim().split("\n");
    assert.equal(lines[0], "clients,second,requests,answered,in vain");
    const ours = lines
      .filter((line) => line.startsWith("steadfetch,"))
      .map((line) => line.split(",").slice(1).map(Number));
    const sum = (column) => ours.reduce((all, row) => all + row[column], 0);
    const [, , vain] = (await table(page))[0];
    assert.deepEqual([sum(1), sum(2), sum(3)], [1000 + Number(vain), 1000, Number(vain)]);
    assert.deepEqual(
      ours.map(([second]) => second),
      ours.map((_, i) => i),
    );
  });

  it("plays ten thousand sessions of the module", async () => {
    const page = await visit();
    await again(page, () => {
      const form = document.getElementById("storm-settings");
      form.elements.clients.value = "60";
      form.elements.limit.value = "45";
      form.dispatchEvent(new Event("input"));
      form.dispatchEvent(new Event("change"));
    });
    const [[, , vain, peak, answered], alone] = await table(page);
    assert.equal(answered, "10,000");
    assert.ok(Number(vain.replace(",", "")) < Number(alone[2].replace(",", "")) / 3, `${vain}, alone ${alone[2]}`);
    assert.ok(Number(peak.replace(",", "")) < Number(alone[3].replace(",", "")) / 2, `${peak}, alone ${alone[3]}`);
  });

  it("can be stopped", async () => {
    const page = await visit();
    await page.evaluate(() => {
      const form = document.getElementById("storm-settings");
      form.elements.clients.value = "60";
      form.dispatchEvent(new Event("change"));
    });
    await page.waitForFunction(() => document.getElementById("storm-run").textContent === "Stop");
    await page.click("#storm-run");
    assert.equal(await page.$eval("#storm-note", (note) => note.textContent), "Stopped.");
    assert.equal(await page.$eval("#storm-run", (button) => button.textContent), "Run");
  });
});
