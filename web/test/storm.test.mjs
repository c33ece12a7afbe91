// The page's storms are those of `make storm`: every number of its table, ours from the real module.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { kinds, play } from "../public/storm/kinds.js";
import { makeRandom } from "../public/storm/random.js";

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("../../jsbridge/src/engine/abi.ts", import.meta.url))],
  bundle: true,
  format: "esm",
  write: false,
});
const source = Buffer.from(outputFiles[0].contents).toString("base64");
const { makeEngine } = await import(`data:text/javascript;base64,${source}`);
const module = new WebAssembly.Module(readFileSync(new URL("../../wasm/steadfetch.wasm", import.meta.url)));
const fresh = () => makeEngine(new WebAssembly.Instance(module).exports, () => {});

const share = (n) => Math.max(2, Math.floor(n / 10));
/** The limits of hosttest/storm/main.go, by name in its table. */
const limits = {
  "window of 1 s": (n) => ({ server: "window", limit: share(n), window: 1000 }),
  "window of 1 min": (n) => ({ server: "window", limit: 2 * share(n), window: 60_000 }),
  "token bucket": (n) => ({ server: "bucket", limit: share(n) / 2, window: 1000, burst: share(n) }),
  concurrency: (n) => ({ server: "concurrency", limit: share(n) }),
  "down for 10 s": () => ({ server: "down", window: 10_000 }),
};

function table() {
  const text = readFileSync(new URL("../../RATIONALE.md", import.meta.url), "utf8");
  const [, block] = /<!-- make storm -->\n([\s\S]*?)<!-- end -->/.exec(text);
  const [head, , ...rows] = block.trim().split("\n");
  const cells = (line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  return { kinds: cells(head).slice(4), rows: rows.map(cells) };
}

const { kinds: columns, rows } = table();

describe("storms", () => {
  it("have the kinds of clients that the table has", () => assert.deepEqual(Object.keys(kinds), columns));

  const few = rows.filter(([n]) => n === "60");
  assert.equal(few.length, 10);
  for (const [n, limit, , told, ...cells] of few) {
    it(`are as in Go: ${n} clients, ${limit}, ${told === "yes" ? "with" : "without"} Retry-After`, () => {
      for (const [i, kind] of columns.entries()) {
        const options = { clients: Number(n), ...limits[limit](Number(n)), told: told === "yes" };
        const { drain, vain, left } = play(kind, options, fresh);
        const time = left > 0 ? `> 1 h, ${left} left` : `${(drain / 1000).toFixed(1)} s`;
        assert.equal(`${time} / ${vain}`, cells[i], kind);
      }
    });
  }

  it("are the same each time, and differ with another seed", () => {
    const options = { clients: 200, server: "concurrency", limit: 20, told: true };
    for (const kind of columns) {
      assert.deepEqual(play(kind, options, fresh), play(kind, options, fresh));
    }
    const [one, two] = [1, 2].map((seed) => play("full jitter", { ...options, seed }, fresh));
    assert.notDeepEqual(one, two);
  });

  it("count every request in its second", () => {
    const { seconds, requests, vain } = play("full jitter", { clients: 100, server: "window", limit: 5, window: 1000 });
    const sum = (name) => seconds.reduce((all, second) => all + second[name], 0);
    assert.equal(sum("arrived"), requests);
    assert.equal(sum("refused"), vain);
  });
});

// From Go: rand.New(rand.NewPCG(1, 1)).
it("generates the same random numbers as Go", () => {
  const random = makeRandom(1, 1);
  assert.deepEqual(
    [random.below(2001), random.below(2001), random.below(1024), random.float(), random.float()],
    [1995, 205, 428, 0.8233357468233424, 0.4782461983052647],
  );
});
