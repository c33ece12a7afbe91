// A release, as it would be: `make release VERSION=0.2.0` shows it and changes nothing; with WRITE=yes it writes the version
// where it stands. `--check` is for the workflow that publishes a tag: it fails unless all of it says VERSION.
//
// The version is that of jsbridge/package.json. Everything else that names it is written from there.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = process.env.RELEASE_ROOT ?? fileURLToPath(new URL("..", import.meta.url));
const read = (file) => readFileSync(join(root, file), "utf8");
const run = (command, ...args) => execFileSync(command, args, { cwd: root, encoding: "utf8" }).trim();

const [version = "", ...flags] = process.argv.slice(2);
const before = JSON.parse(read("jsbridge/package.json")).version;
const problems = [];

const parts = /^(\d+)\.(\d+)\.(\d+)(-[0-9a-z.-]+)?$/.exec(version);
if (!parts) {
  console.error('which version? make release VERSION=0.2.0, by semver.org, without a "v"');
  process.exit(2);
}
// A Go module of version 2 has that in its path, and so in every import.
if (Number(parts[1]) > 1) problems.push("go.mod's path must end in the major version first");

const today = new Date().toISOString().slice(0, 10);
const changelog = read("CHANGELOG.md");
const heading = changelog.split("\n").find((line) => line.startsWith(`## ${version} (`));
const section =
  heading &&
  changelog
    .slice(changelog.indexOf(heading))
    .split(/\n(?=## )/)[0]
    .trim();
if (!section) problems.push(`CHANGELOG.md has no section "## ${version} (not released yet)"`);

/** What each file says after the release. */
const edits = {
  "jsbridge/package.json": (text) => text.replace(`"version": "${before}"`, `"version": "${version}"`),
  "package-lock.json": (text) =>
    text.replace(/("jsbridge": \{\s+"name": "steadfetch",\s+"version": )"[^"]+"/, `$1"${version}"`),
  "README.md": (text) =>
    text
      .replaceAll(`steadfetch-${before}.tgz`, `steadfetch-${version}.tgz`)
      .replace(/^Version [^\s,]+(, not released)?\./m, `Version ${version}.`),
  "jsbridge/README.md": (text) => text.replaceAll(`steadfetch-${before}.tgz`, `steadfetch-${version}.tgz`),
  "CHANGELOG.md": (text) => (heading ? text.replace(heading, `## ${version} (${today})`) : text),
};
for (const file of ["README.md", "jsbridge/README.md"]) {
  if (/not published yet|Nothing is published yet/.test(read(file))) problems.push(`${file} installs from a clone`);
}
const changed = Object.entries(edits)
  .map(([file, edit]) => ({ file, old: read(file), text: edit(read(file)) }))
  .filter(({ old, text }) => text !== old);

if (flags.includes("--check")) {
  if (before !== version) problems.push(`jsbridge/package.json says ${before}`);
  if (heading?.includes("not released")) problems.push(`CHANGELOG.md says "${heading}"`);
} else {
  if (run("git", "tag", "--list", `v${version}`)) problems.push(`there is a tag v${version} already`);
  if (run("git", "status", "--porcelain")) problems.push("there are changes that are not committed");
}

const [tarball] = Object.values(
  JSON.parse(run("npm", "pack", "--dry-run", "--ignore-scripts", "--json", "./jsbridge")),
);
const module = createHash("sha256")
  .update(readFileSync(join(root, "wasm/steadfetch.wasm")))
  .digest("hex");

console.log(`version     ${before} -> ${version}, in jsbridge/package.json`);
for (const { file, old, text } of changed) {
  const lines = text.split("\n").filter((line, i) => line !== old.split("\n")[i]);
  for (const line of lines) console.log(`            ${file}: ${line.trim()}`);
}
console.log(`npm         ${tarball.name}-${version}.tgz, ${tarball.entryCount} files, ${tarball.size} bytes`);
console.log(`Go          tag v${version} of ${/^module (.*)$/m.exec(read("go.mod"))[1]}`);
console.log(`module      SHA-256 ${module}  wasm/steadfetch.wasm`);
console.log(`changelog   ${section ? section.replaceAll("\n", "\n            ") : "none"}`);

if (problems.length > 0) {
  console.error(`\nnot ready: ${problems.join("; ")}`);
  process.exit(1);
}
if (flags.includes("--write")) {
  for (const { file, text } of changed) writeFileSync(join(root, file), text);
  console.log(`\nwritten. Then: git commit -am "${version}" && git tag v${version} && git push --follow-tags`);
} else if (!flags.includes("--check")) {
  console.log("\nnothing was changed: WRITE=yes writes it");
}
