// What CONTRIBUTING names exists: files, commands, tests, headings, and, in a clone with its history, the commits that show
// how to add something.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const shallow = git("rev-parse", "--is-shallow-repository") === "true" && "a shallow clone has no history";

const text = readFileSync(`${root}CONTRIBUTING.md`, "utf8");
/** Everything in backticks, even across line ends. */
const code = [...text.matchAll(/`([^`]+)`/g)].map(([, words]) => words.replace(/\s+/g, " "));

test("every file and folder that is named exists", () => {
  const tracked = git("ls-files").split("\n");
  const named = code.filter((words) => /^[\w./-]+$/.test(words) && /\/|\.(go|ts|mjs|tsv|json|md)$/.test(words));
  assert.ok(named.length > 40, `only ${named.length} were found`);
  for (const path of named) {
    // In a row of the table a file may be named without its folder.
    const found = path.includes("/") ? existsSync(root + path) : tracked.some((file) => file.endsWith(`/${path}`));
    const imported = /^(encoding\/json|net\/http|math\/rand)$/.test(path);
    assert.ok(found || imported, path);
  }
});

test("every command of go and npm that is named runs something", () => {
  const commands = code.filter((words) => words.startsWith("go test "));
  assert.ok(commands.length >= 5);
  for (const command of commands) {
    const packages = command.match(/\.\/[\w/]+/g);
    const [, pattern = ""] = command.match(/-run (\w+)/) ?? [];
    const tests = packages.flatMap((folder) =>
      readdirSync(root + folder)
        .filter((file) => file.endsWith("_test.go"))
        .flatMap((file) => readFileSync(`${root}${folder}/${file}`, "utf8").match(/^func Test\w+/gm) ?? []),
    );
    assert.ok(
      tests.some((name) => name.includes(pattern)),
      command,
    );
  }
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  for (const [, script] of text.matchAll(/`npm run ([\w-]+)`/g)) assert.ok(script in scripts, script);
});

test("every heading of the documented errors that is named exists", () => {
  const headings = readFileSync(`${root}testdata/classify/documented.tsv`, "utf8").match(/^# .*/gm);
  const named = [...text.matchAll(/under "([^"]+)"/g)].map(([, words]) => words.replace(/\s+/g, " "));
  assert.equal(named.length, 2);
  for (const words of named) {
    assert.ok(
      headings.some((heading) => heading.includes(words)),
      words,
    );
  }
});

test("the commits that show how to add something are in the history", { skip: shallow }, () => {
  const subjects = [...text.matchAll(/Shown by\s+"([^"]+)"/g)].map(([, subject]) => subject.replace(/\s+/g, " "));
  assert.ok(subjects.length >= 6);
  for (const subject of subjects) {
    assert.notEqual(git("log", "--format=%h", "-F", `--grep=${subject}`), "", subject);
  }
});

test("the commit that shows how to add a provider changes what the recipe names", { skip: shallow }, () => {
  const [recipe] = text.match(/\* \*\*A provider\*\*[\s\S]*?Shown by\s+"([^"]+)"/);
  const [subject] = recipe.match(/A provider: [\w ]+/);
  const commit = git("log", "-1", "--no-merges", "--format=%h", `--grep=^${subject}$`);
  for (const file of git("show", "--format=", "--name-only", commit).split("\n")) {
    assert.ok(recipe.includes(`\`${file}\``), file);
  }
});
