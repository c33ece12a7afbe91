// Every make target that a page, a workflow or a script names exists, and `make` without arguments lists it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file) => readFileSync(join(root, file), "utf8");
const makefile = read("Makefile");
const targets = new Set([...makefile.matchAll(/^([a-z][a-z0-9-]*):/gm)].map(([, name]) => name));
/** Only uses in code, in quotes, at the start of a line, or in a workflow: not "make" as a word of a sentence. */
const named = /(?:`|"|run: |\btarget )make((?: --?[a-z-]+)*(?: [a-z][a-z0-9-]+)+)/gm;
const lines = /^make((?: --?[a-z-]+)*(?: [a-z][a-z0-9-]+)+)/gm;

const files = execFileSync("git", ["ls-files", "*.md", "*.yml", "*.sh", "*.mjs", "*.go", "*.ts", ".ci/*"], {
  cwd: root,
  encoding: "utf8",
})
  .trim()
  .split("\n")
  .filter((file) => !file.startsWith("testdata/"));

test("every target that is named anywhere exists", () => {
  let seen = 0;
  for (const file of files) {
    const text = read(file);
    const uses = [...text.matchAll(named), ...(/\.(md|sh)$|^\.ci/.test(file) ? text.matchAll(lines) : [])];
    for (const [, args] of uses) {
      for (const name of args
        .trim()
        .split(" ")
        .filter((word) => !word.startsWith("-"))) {
        assert.ok(targets.has(name), `${file}: make ${name}`);
        seen++;
      }
    }
  }
  assert.ok(seen > 20, `only ${seen} were found`);
});

test("every target is listed by make without arguments", () => {
  const listed = execFileSync("make", ["--silent"], { cwd: root, encoding: "utf8" });
  const inner = ["help", "npm", "lint-go", "lint-js", "test-computing", "test-timing", "test-go-built", "test-module"]; // parts of others
  for (const name of targets) {
    if (!inner.includes(name)) assert.match(listed, new RegExp(`^${name} `, "m"), `${name} has no "## what it does"`);
  }
});
