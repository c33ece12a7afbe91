// CONTRIBUTING names a commit for each thing that can be added: it is there, in a clone that has its history.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const shallow = git("rev-parse", "--is-shallow-repository") === "true" && "a shallow clone has no history";

test("the commits that show how to add something are in the history", { skip: shallow }, () => {
  const text = readFileSync(`${root}CONTRIBUTING.md`, "utf8");
  const subjects = [...text.matchAll(/Shown by "([^"]+)"/g)].map(([, subject]) => subject);
  assert.ok(subjects.length >= 6);
  for (const subject of subjects) {
    assert.notEqual(git("log", "--format=%h", "-F", `--grep=${subject}`), "", subject);
  }
});
