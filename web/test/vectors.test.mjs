// The vectors that every host must pass, on the committed module, in a page and in a worker.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "../server.mjs";
import { launch, noBrowser, openPage } from "./browser.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const namesIn = (folder) =>
  readdirSync(path(`../../testdata/${folder}`))
    .filter((name) => name.endsWith(".json"))
    .map((name) => basename(name, ".json"));
const names = { sessions: namesIn("sessions"), classify: namesIn("classify") };

const hosts = {
  "a page": async (names) => (await import("/pages/vectors.js")).play(names),
  "a module worker": (names) =>
    new Promise((resolve, reject) => {
      const worker = new Worker("/pages/vectors-worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(names);
    }),
};

describe("the vectors in Chromium", { skip: noBrowser, timeout: 300_000 }, () => {
  let server;
  let browser;

  before(async () => {
    const folders = {
      "/hosttest/": path("../../hosttest"),
      "/testdata/": path("../../testdata"),
      "/wasm/": path("../../wasm"),
      "/pages/": path("pages"),
    };
    server = await startServer({ folders });
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const [host, play] of Object.entries(hosts)) {
    it(`pass in ${host}`, async (t) => {
      const { page } = await openPage(browser, `${server.url}/pages/vectors.html`);
      const outcome = await page.evaluate(play, names);
      await page.close(); // with its hundreds of instances
      for (const [what, { count, failures }] of Object.entries(outcome)) {
        assert.ok(count > 0, `no vectors of ${what}`);
        assert.deepEqual(failures, []);
        t.diagnostic(`${what}: ${count} vectors`);
      }
    });
  }
});
