// A small application that uses the packed package, built by every bundler with default settings, and loaded: in a page of
// Chromium, in Node.js, in Next.js's runtimes. Built pages are also loaded under strict policies, which decide whether the
// module runs as WebAssembly or as plain JavaScript. At the end it prints a table with a row for each.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startProvider } from "../../web/provider.mjs";
import { launch, noBrowser } from "../../web/test/browser.mjs";
import { copyApp, devServers, pages, programs, versionOf } from "./builds.mjs";
import * as next from "./next.mjs";
import { serve } from "./serve.mjs";

const run = promisify(execFile);
const text = "Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, whoever bundled it.";
const faults = [
  { status: 429, headers: { "retry-after-ms": "60" } },
  { kind: "error", at: "before_output", status: 503 },
  { kind: "reset", at: "before_output" },
];
const kinds = ["rate_limit", "overloaded", "network"];

const strict = "default-src 'none'; connect-src *; script-src 'self'";
/** The policies that pages are loaded under, and whether the module runs as WebAssembly then. */
const policies = {
  "no policy": { policy: undefined, wasm: true },
  "wasm-unsafe-eval": { policy: `${strict} 'wasm-unsafe-eval'`, wasm: true },
  "script-src self": { policy: strict, wasm: false },
};

const table = [];

/** Counts the modules that the page compiles. */
function watchCompiler() {
  globalThis.compiled = 0;
  const count = (result) => {
    globalThis.compiled++;
    return result;
  };
  const { compile } = WebAssembly;
  WebAssembly.compile = (source) => compile(source).then(count);
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct: (target, args) => count(Reflect.construct(target, args)),
  });
}

describe("an application with the packed package", { concurrency: false }, () => {
  let provider;
  let browser;

  before(async () => {
    provider = await startProvider();
    if (!noBrowser) browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await provider?.stop();
    print();
  });

  /** Lets an application send one request: `ask(base)` returns the result. */
  async function check(ask) {
    const { id, base } = await provider.newRun({ text, faults, token_delay_ms: -1 });
    assert.deepEqual(await ask(base), { text, kinds });
    assert.equal((await provider.log(id)).requests.length, faults.length + 1);
  }

  /**
   * Loads a page and lets it send one request. Returns how many modules it compiled. `itsOwn` matches console messages that
   * every page of its bundler causes.
   */
  async function checkPage(url, itsOwn) {
    const page = await browser.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      // Failed requests are provoked, and a policy that forbids WebAssembly logs an error.
      const expected = /^Failed to load resource|WebAssembly|favicon/;
      const text = message.text();
      if (/error|warn/.test(message.type()) && !expected.test(text) && !itsOwn?.test(text)) complaints.push(text);
    });
    try {
      await page.evaluateOnNewDocument(watchCompiler);
      await page.goto(url);
      await page.waitForSelector("[data-ready]", { timeout: 60_000 }).catch((error) => {
        throw new Error([error.message, ...complaints].join("\n"));
      });
      await check((base) => page.evaluate((base) => globalThis.ask(base), base));
      assert.deepEqual(complaints, []);
      return await page.evaluate(() => globalThis.compiled);
    } finally {
      await page.close();
    }
  }

  async function checkUnder(name, folder, itsOwn) {
    const { policy, wasm } = policies[name];
    const server = await serve(folder, policy);
    try {
      assert.equal(await checkPage(server.url, itsOwn), wasm ? 1 : 0, "modules compiled");
    } finally {
      await server.close();
    }
  }

  /** A test with a row in the table; `act` fills in the row's cells. */
  function row(name, package_, act, options) {
    test(name, { timeout: 480_000, ...options }, async (t) => {
      const row = { name, version: versionOf(package_), results: [] };
      table.push(row);
      if (options?.skip) return;
      const step = async (what, act) => {
        const begun = Date.now();
        let failure;
        await t.test(what, async () => {
          try {
            await act();
          } catch (error) {
            failure = error;
            throw error;
          }
        });
        row.results.push(failure ? `${what}: FAILED` : what);
        row.ms = (row.ms ?? 0) + Date.now() - begun;
        return !failure;
      };
      await act(step, row);
    });
  }

  for (const { name, package: package_, build, itsOwn, never } of pages) {
    row(
      name,
      package_,
      async (step, row) => {
        let folder;
        const builds = async (from) => {
          const app = copyApp(`${name} ${from}`, "app");
          if (from !== "steadfetch") {
            const file = join(app, "ask.js");
            writeFileSync(file, readFileSync(file, "utf8").replace('"steadfetch"', JSON.stringify(from)));
            const main = join(app, "main.js"); // without WebAssembly no fallback is needed
            writeFileSync(main, readFileSync(main, "utf8").replace(/^.*\binit\b.*\n/gm, ""));
          }
          folder = await build(app);
        };
        if (await step("builds", () => builds("steadfetch"))) {
          row.size = scriptsIn(folder);
          for (const policy of Object.keys(policies)) {
            if (never?.[policy]) row.results.push(`${policy}: never, ${never[policy]}`);
            else await step(policy, () => checkUnder(policy, folder, itsOwn));
          }
        }
        await step("steadfetch/js, script-src self", async () => {
          await builds("steadfetch/js");
          await checkUnder("script-src self", folder, itsOwn);
        });
      },
      { skip: noBrowser },
    );
  }

  for (const { name, package: package_, start } of devServers) {
    row(
      name,
      package_,
      (step) =>
        step("loads", async () => {
          const server = await start(copyApp(name, "app"));
          try {
            assert.equal(await checkPage(server.url), 1, "modules compiled");
          } finally {
            await server.close();
          }
        }),
      { skip: noBrowser },
    );
  }

  for (const { name, package: package_, build } of programs) {
    row(name, package_, (step) =>
      step("runs", async () => {
        const file = await build(copyApp(name, "app"));
        await check(async (base) => JSON.parse((await run(process.execPath, [file, base])).stdout));
      }),
    );
  }

  for (const [name, how, options, without] of [
    ["next", "start", [], {}],
    ["next, webpack", "start", ["--webpack"], { edge: "since Next.js 16.4 builds none with webpack" }],
    ["next, dev", "dev", [], {}],
  ]) {
    row(
      name,
      "next",
      async (step, row) => {
        const folder = copyApp(name, "next-app");
        next.complete(folder);
        const routes = readdirSync(join(folder, "app", "api")).filter((route) => !(route in without));
        for (const route in without) rmSync(join(folder, "app", "api", route), { recursive: true });
        let server;
        const up = await step(how === "dev" ? "starts" : "builds", async () => {
          if (how === "start") {
            const said = await next.build(folder, ...options);
            assert.doesNotMatch(said, /node_modules\/steadfetch|dynamic (code|wasm)/i);
          }
          server = await next.start(folder, how);
        });
        if (!up) return;
        try {
          await step("client", async () => assert.equal(await checkPage(server.url), 1, "modules compiled"));
          for (const route of routes)
            await step(`${route} route`, () =>
              check(async (base) => {
                const response = await fetch(`${server.url}api/${route}?${new URLSearchParams({ base })}`);
                const answer = await response.text();
                if (!response.ok) throw new Error(`${response.status}: ${answer.slice(0, 500)}\n${server.said()}`);
                return JSON.parse(answer);
              }),
            );
          for (const route in without) row.results.push(`${route} route: never, ${without[route]}`);
        } finally {
          await server.close();
        }
      },
      { skip: noBrowser },
    );
  }
});

/** The sizes of the scripts of a page, in bytes, including those that it loads only when needed. */
function scriptsIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => /\.m?js$/.test(name))
    .map((name) => statSync(join(folder, name)).size)
    .sort((a, b) => a - b)
    .join(" + ");
}

function print() {
  const cells = table.map(({ name, version, results, size, ms }) => [
    name,
    version,
    results.length > 0 ? `${(ms / 1000).toFixed(1)} s` : "",
    size ?? "",
    results.join(" · ") || `not run: ${noBrowser}`,
  ]);
  const rows = [["bundler", "version", "time", "scripts, bytes", "what works"], ...cells];
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  console.log("");
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    );
  console.log("");
}
