// The programs in examples/ that need no framework, started as by hand, against a provider that fails at first. Those in Go
// have their own tests; those of the servers and frameworks are in jsbridge/test.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startProvider } from "../../web/provider.mjs";
import { launch, noBrowser, openPage } from "../../web/test/browser.mjs";
import { root } from "./blocks.mjs";
import { run } from "./programs.mjs";

const text = "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, every byte once.";
let provider;

before(async () => {
  provider = await startProvider();
});
after(() => provider.stop());

const variables = (base) => ({
  ...process.env,
  NODE_TEST_CONTEXT: undefined,
  OPENAI_API_KEY: "none",
  OPENAI_BASE_URL: `${base}/v1`,
  PORT: "0",
});
const title = (base) => run(process.execPath, [join(root, "examples/title.mjs"), "Hi"], { env: variables(base) });

test("title.mjs gets a title through faults", async () => {
  const { id, base } = await provider.newRun({
    text,
    faults: [{ status: 503 }, { kind: "reset", at: "connect" }],
  });
  assert.equal((await title(base)).stdout, `${text}\n`);
  assert.equal((await provider.log(id)).requests.length, 3);
});

test("title.mjs uses a default title if no retry helps", async () => {
  const { id, base } = await provider.newRun({ faults: [{ status: 401, times: -1 }] });
  const { stdout, stderr } = await title(base);
  assert.equal(stdout, "New chat\n");
  assert.match(stderr, /^no title: 401/);
  assert.equal((await provider.log(id)).requests.length, 1);
});

test("browser: the page shows the wait and then the whole answer, once", { skip: noBrowser }, async () => {
  const { id, base } = await provider.newRun({
    text,
    faults: [{ status: 503 }, { kind: "reset", at: "before_output" }, { kind: "drop", at_token: 5 }],
  });
  const server = spawn(process.execPath, [join(root, "examples/browser/server.mjs")], {
    env: variables(base),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const browser = await launch();
  try {
    const [line] = await once(server.stdout.setEncoding("utf8"), "data");
    const { page } = await openPage(browser, line.trim());
    await page.click("button");
    await page.waitForFunction(
      () => document.querySelector("retry-status").shadowRoot?.textContent.includes("Retrying in"),
      { timeout: 60_000 },
    );
    await page.waitForFunction(
      (whole) => document.querySelector("output").textContent === whole,
      { timeout: 60_000 },
      text,
    );
    assert.equal((await provider.log(id)).requests.length, 4);
  } finally {
    await browser.close();
    server.kill();
  }
});
