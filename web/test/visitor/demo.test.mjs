// The demo in the terminal, without one: its output is piped, as in `make demo | tee`.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../demo.mjs", import.meta.url));

/** Starts it. `said(pattern)` waits for a match in its output, and `ended()` for its end, after which it has said `all`. */
function start(...args) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  let all = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (words) => {
      all += words;
    });
  }
  return {
    child,
    async said(pattern) {
      while (!pattern.test(all)) {
        await Promise.race([once(child.stdout, "data"), exited.then(() => assert.match(all, pattern))]);
      }
      return pattern.exec(all);
    },
    async ended() {
      const [code, signal] = await exited;
      return { code, signal, all };
    },
  };
}

describe("the demo in the terminal", { timeout: 180_000, concurrency: true }, () => {
  const sum = /18 of 18 faults survived, (\d+) without steadfetch/;

  it("shows each fault with and without steadfetch, and ends with --once", async () => {
    const { code, all } = await start("--once").ended();
    assert.equal(code, 0, all);
    assert.ok(Number(sum.exec(all)[1]) < 9, all);
    const places = all.match(/Before the first token|After the first token/g);
    assert.equal(places.length, 4);
    assert.equal(all.match(/^ {4}✓ exact text: yes/gm).length, 18);
    assert.equal(all.match(/^ {4}[✓✗] without: /gm).length, 18);
    assert.ok(!all.includes("\x1b"), "no colours without a terminal");
  });

  it("serves the page until it is stopped", async () => {
    const demo = start();
    await demo.said(sum);
    const [, url] = await demo.said(/in a browser: (\S+) {2}\(Ctrl-C ends it\)/);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const page = await fetch(url);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<title>steadfetch/);
    demo.child.kill("SIGINT");
    const { code, all } = await demo.ended();
    assert.equal(code, 0, all);
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const demo = start();
    await demo.said(/Before the first token/);
    demo.child.stdout.destroy();
    const { code, all } = await demo.ended();
    assert.equal(code, 0, all);
    assert.ok(!all.includes("EPIPE"), all);
  });
});
