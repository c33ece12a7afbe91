// `make explain` passes a pasted body on unchanged.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("quotes, dollars and backticks of a body reach the classifier", () => {
  const body = `{"error":{"code":"1301","message":"it isn't $5, $(HOME) or \`x\` # but 50%"}}`;
  const run = (...args) => execFileSync("make", ["--silent", "explain", ...args], { cwd: root, encoding: "utf8" });
  const text = run("STATUS=500", "PROVIDER=zhipu", `BODY=${body}`);
  assert.match(text, /^content_policy, stop, by rule content_policy$/m);
  const words = run(`BODY=fetch failed: it isn't $5, $(HOME) or \`x\` # but 50%`);
  assert.match(words, /"fetch failed" in the error: \.{3}fetch failed it isn t 5 home or x but 50/);
});
