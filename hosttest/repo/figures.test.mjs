// Figures that are written by hand are up to date. `make tables` writes the measured ones.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("README counts the errors that make corpus scores", () => {
  const folder = `${root}testdata/corpus/`;
  const sets = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  const errors = sets.flatMap((file) =>
    readFileSync(folder + file, "utf8")
      .trim()
      .split("\n"),
  );
  const [, said] = readFileSync(`${root}README.md`, "utf8").match(/`make corpus`[^.]*?([\d,]+) real errors/);
  assert.equal(Number(said.replace(",", "")), errors.length, "README.md, Status");
  const scored = readFileSync(`${root}classify/corpus_test.go`, "utf8");
  for (const file of sets) assert.ok(scored.includes(`"${file.replace(".jsonl", "")}"`), `${file} is not scored`);
});
