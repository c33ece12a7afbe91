// `make release VERSION=…`, in a copy of the repository with its own history.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const needed = [
  "jsbridge/package.json",
  "jsbridge/README.md",
  "package-lock.json",
  "README.md",
  "CHANGELOG.md",
  "go.mod",
  "wasm/steadfetch.wasm",
];
let copy;

const git = (...args) =>
  execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.com", ...args], {
    cwd: copy,
    encoding: "utf8",
  });
const read = (file) => readFileSync(join(copy, file), "utf8");
const release = (...args) =>
  spawnSync(process.execPath, [join(root, ".ci/release.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, RELEASE_ROOT: copy },
  });

before(() => {
  copy = mkdtempSync(join(tmpdir(), "steadfetch-release-"));
  for (const file of needed) cpSync(join(root, file), join(copy, file), { recursive: true, force: true });
  const changelog = `# Changelog\n\n## 9.9.9 (not released yet)\n\nNo.\n\n## 0.9.0 (not released yet)\n\nWhat is new.\n\n${read("CHANGELOG.md").replace("# Changelog", "")}`;
  writeFileSync(join(copy, "CHANGELOG.md"), changelog);
  writeFileSync(join(copy, "README.md"), read("README.md").replace("Nothing is published yet", "It is published"));
  writeFileSync(join(copy, "jsbridge/README.md"), read("jsbridge/README.md").replace("not published yet", "published"));
  git("init", "-q");
  git("add", "-A");
  git("commit", "-qm", "as it is");
});
after(() => rmSync(copy, { recursive: true, force: true }));

test("a dry run shows the version, the tarball, the tag, the changelog and the module's hash, and changes nothing", () => {
  const { status, stdout, stderr } = release("0.9.0");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^version +\S+ -> 0\.9\.0, in jsbridge\/package\.json$/m);
  assert.match(stdout, /^npm +steadfetch-0\.9\.0\.tgz, \d+ files, \d+ bytes$/m);
  assert.match(stdout, /^Go +tag v0\.9\.0 of github\.com\/steadfetch\/steadfetch$/m);
  const hash = createHash("sha256")
    .update(readFileSync(join(root, "wasm/steadfetch.wasm")))
    .digest("hex");
  assert.ok(stdout.includes(hash));
  assert.match(stdout, /^changelog +## 0\.9\.0 \(not released yet\)\n\s+What is new\.\n/m);
  assert.doesNotMatch(stdout, /No\./, "it must not show the sections of other versions");
  assert.equal(git("status", "--porcelain"), "");
});

test("everything that is not ready is reported", () => {
  assert.equal(release("v1").status, 2);
  git("tag", "v2.0.0");
  writeFileSync(join(copy, "more"), "");
  const { status, stderr } = release("2.0.0");
  rmSync(join(copy, "more"));
  assert.equal(status, 1);
  assert.match(stderr, /go\.mod's path/);
  assert.match(stderr, /CHANGELOG\.md has no section/);
  assert.match(stderr, /there is a tag/);
  assert.match(stderr, /not committed/);
  assert.match(release("0.9.0", "--check").stderr, /package\.json says/);
});

test("it writes the version everywhere it appears, and then the check passes", () => {
  assert.equal(release("0.9.0", "--write").status, 0);
  assert.equal(JSON.parse(read("jsbridge/package.json")).version, "0.9.0");
  assert.equal(JSON.parse(read("package-lock.json")).packages.jsbridge.version, "0.9.0");
  assert.match(read("README.md"), /steadfetch-0\.9\.0\.tgz/);
  assert.match(read("README.md"), /^Version 0\.9\.0\./m);
  assert.match(read("CHANGELOG.md"), /^## 0\.9\.0 \(\d{4}-\d\d-\d\d\)$/m);
  const { status, stderr } = release("0.9.0", "--check");
  assert.equal(status, 0, stderr);
});

test("the repository has its version in one file", () => {
  const { version } = JSON.parse(readFileSync(join(root, "jsbridge/package.json"), "utf8"));
  const pattern = `"(version|steadfetch)": "${version.replaceAll(".", "[.]")}"`;
  const files = execFileSync("git", ["grep", "-lE", pattern, "--", "*package.json"], { cwd: root, encoding: "utf8" });
  assert.equal(files.trim(), "jsbridge/package.json");
});
