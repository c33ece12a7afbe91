// The applications in examples, copied to a folder where they find only the packed package: compiled strictly, built, and
// used in Chromium while their provider fails. The same for applications made of the README's code blocks.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startProvider } from "../../web/provider.mjs";
import { launch, noBrowser, openPage } from "../../web/test/browser.mjs";
import * as next from "../bundlers/next.mjs";
import { freePort, start } from "../processes.mjs";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..", "..");
const text = "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, every byte once.";
const chat = "/v1/chat/completions";

/** A wait that a person can see, an error instead of output, and a break in the middle of output. */
const faults = [
  { status: 429, headers: { "retry-after-ms": "700" } },
  { kind: "error", at: "before_output", status: 503 },
  { kind: "reset", at_token: 4 },
];

const program = (name, file) => join(here, "node_modules", name, file);

/** Copies an application to a folder in which its packages are found. */
function copy(name) {
  const folder = join(here, ".cache", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, "examples", name), folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  return folder;
}

/** Returns the code block of the package's README under a heading. */
function readme(heading) {
  const [, section] = readFileSync(join(root, "jsbridge", "README.md"), "utf8").split(`\n### ${heading}\n`);
  return /```js\n(.*?)```/s.exec(section)[1];
}

/** Defines what the README's blocks assume: an address and a request. */
const given = (address) =>
  `const url = ${JSON.stringify(address)};
   const init = { method: "POST", headers: { "content-type": "application/json" }, body: '{"model":"m","stream":true}' };`;

describe("an application from the READMEs", { concurrency: false, skip: noBrowser }, () => {
  let provider;
  let browser;
  before(async () => {
    provider = await startProvider();
    browser = await launch();
  });
  const running = []; // programs, which a failing test may leave running
  after(async () => {
    for (const { stop } of running) await stop();
    await browser?.close();
    await provider?.stop();
  });

  /**
   * Sends a message in a page, and checks what a person sees. `begin` starts the page's server for a provider, and returns
   * the page's address and how to stop the server.
   */
  async function use(begin, { button = "form button", answer = ".answer" } = {}) {
    const { id, base } = await provider.newRun({ text, faults });
    const { url, stop } = await begin(base);
    try {
      const { page, complaints } = await openPage(browser, url);
      await page.waitForFunction(() => document.querySelector("retry-status")?.shadowRoot); // it is defined
      await page.click(button);
      const seen = (what) => page.waitForFunction(what, { timeout: 60_000 }, answer, text);
      await seen(() => {
        const root = document.querySelector("retry-status[tone=waiting]")?.shadowRoot;
        return /Rate limited.*Retrying in 1 s.*attempt 2/s.test(root?.textContent ?? "");
      }).catch((error) => {
        throw new Error(["the banner does not show the wait", error.message, ...complaints].join("\n"));
      });
      await seen((answer, text) => document.querySelector(answer)?.textContent === text);
      await seen(() => !document.querySelector("retry-status").hasAttribute("tone"));
      assert.deepEqual(complaints, []);
      await page.close();
      assert.equal((await provider.log(id)).requests.length, faults.length + 1);
    } finally {
      await stop();
    }
  }

  /** Starts an Express application with a provider. */
  async function express(folder, base) {
    const port = await freePort();
    const env = { ...process.env, OPENAI_API_KEY: "none", OPENAI_BASE_URL: `${base}/v1`, PORT: String(port) };
    const server = start(process.execPath, ["server.js"], { cwd: folder, env });
    running.push(server);
    const ready = new Promise((resolve) => server.child.stdout.on("data", resolve));
    await Promise.race([ready, server.failed]);
    return { ...server, url: `http://localhost:${port}` };
  }

  const viteProgram = program("vite", "bin/vite.js");

  /** Compiles and builds an application as its own script does, and serves the result. */
  async function vite(folder, api) {
    await run(process.execPath, [program("typescript", "bin/tsc"), "-p", folder]).catch(({ stdout }) =>
      assert.fail(stdout),
    );
    const { stderr } = await run(process.execPath, [viteProgram, "build"], { cwd: folder });
    assert.equal(stderr, "");
    const port = String(await freePort());
    const env = { ...process.env, API_URL: api };
    const server = start(process.execPath, [viteProgram, "preview", "--port", port, "--strictPort"], {
      cwd: folder,
      env,
    });
    running.push(server);
    const ready = new Promise((resolve) => {
      server.child.stdout.on("data", () => /localhost/.test(server.said()) && resolve());
    });
    await Promise.race([ready, server.failed]);
    return { url: `http://localhost:${port}/`, stop: server.stop };
  }

  test("Express, and a page without a bundler", { timeout: 300_000 }, () =>
    use((base) => express(copy("express"), base)),
  );

  test("Express shuts down gracefully: an open answer completes, and the process exits", {
    timeout: 300_000,
  }, async () => {
    const { base } = await provider.newRun({ text, token_delay_ms: 60 });
    const { url, child, failed } = await express(copy("express"), base);
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: '{"prompt":"Hi"}' };
    const response = await fetch(`${url}/api/chat`, init);
    child.kill("SIGTERM");
    const body = await response.text();
    assert.match(body, /"finish":\{"reason":"stop"/);
    await Promise.race([failed, new Promise((resolve) => child.on("exit", resolve))]);
    assert.equal(child.exitCode, 0);
  });

  test("Vite, React and TypeScript, strict, in front of Express", { timeout: 300_000 }, () =>
    use(async (base) => {
      const api = await express(copy("express"), base);
      return vite(copy("vite-react"), api.url);
    }),
  );

  test("Vite with the README's React block, which calls the provider directly", { timeout: 300_000 }, () =>
    use(
      async (base) => {
        const folder = copy("vite-react");
        const names = ["createElement", "RetryStatus"];
        const block = readme("React");
        for (const name of names) assert.ok(block.includes(name));
        writeFileSync(join(folder, "src", "Chat.tsx"), `${given(base + chat)}\n${block}`);
        return vite(folder, base);
      },
      { button: "main > button", answer: "main > p" },
    ),
  );

  // A build of Next.js takes a minute of CPU time, so the example and the README's block share one.
  describe("Next.js", () => {
    let folder;
    before(async () => {
      folder = copy("next");
      const block = readme("Relaying to a page");
      mkdirSync(join(folder, "app", "api", "readme"), { recursive: true });
      const given = `const url = process.env.README_URL;
        const init = { method: "POST", headers: { "content-type": "application/json" }, body: '{"model":"m","stream":true}' };`;
      writeFileSync(join(folder, "app", "api", "readme", "route.js"), `${given}\n${block}`);
      mkdirSync(join(folder, "app", "readme"));
      const page = readFileSync(join(folder, "app", "page.tsx"), "utf8").replace("/api/chat", "/api/readme");
      writeFileSync(join(folder, "app", "readme", "page.tsx"), page);
      assert.doesNotMatch(await next.build(folder), /warn|error/i);
    });

    const serve = (path) => async (base) => {
      Object.assign(next.env, { OPENAI_API_KEY: "none", OPENAI_BASE_URL: `${base}/v1`, README_URL: base + chat });
      const { url, close } = await next.start(folder, "start");
      return { url: url + path, stop: close };
    };
    test("its page and its route", { timeout: 300_000 }, () => use(serve("")));
    test("with the README's relay as its route", { timeout: 300_000 }, () => use(serve("readme")));
  });
});
