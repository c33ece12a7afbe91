// Lists the licences of what is used here, in docs/licences.md: what ships with the package, the Go modules, and what the
// lock files name. `--check` fails where the page differs, or where a licence is none that we have looked at.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = join(root, "docs/licences.md");
const run = (command, args, cwd = root) => execFileSync(command, args, { cwd, encoding: "utf8" }).trim();

/** Those that ask for no more than their text. Packages of all others are named. */
const permissive = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Unlicense",
];
/** Those that we have looked at besides: in tools that are installed for tests, and in nothing that ships. */
const forTests = ["CC-BY-4.0", "CC0-1.0", "LGPL-3.0-or-later", "MPL-2.0", "AFL-2.1", "Python-2.0"];

/** The licence that a text is. */
function licenceOf(text) {
  if (/Apache License\s+Version 2\.0/.test(text)) return "Apache-2.0";
  if (/Redistribution and use in source and binary forms/.test(text)) {
    return /Neither the name|names of its\s+contributors/.test(text) ? "BSD-3-Clause" : "BSD-2-Clause";
  }
  if (/Permission is hereby granted, free of charge/.test(text)) return "MIT";
  if (/Permission to use, copy, modify, and(\/or)? distribute/.test(text)) return "ISC";
  if (/CC0 1\.0 Universal/.test(text)) return "CC0-1.0";
  return "unknown";
}

/** The modules whose packages are compiled for a Go module and its tests. */
function goModules(folder) {
  const format = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}";
  const lines = new Set(run("go", ["list", "-deps", "-test", "-f", format, "./..."], join(root, folder)).split("\n"));
  return [...lines]
    .filter((line) => line && !line.startsWith("github.com/steadfetch/"))
    .map((line) => line.split("\t"));
}

const modules = new Map();
for (const folder of [".", "retry/transport/sdktest", "jsbridge/gen"]) {
  for (const [path, dir] of goModules(folder)) {
    const file = readdirSync(dir).find((name) => /^(licen[cs]e|copying)/i.test(name));
    const { licence = file ? licenceOf(readFileSync(join(dir, file), "utf8")) : "none", used = [] } =
      modules.get(path) ?? {};
    modules.set(path, { licence, used: [...used, folder] });
  }
}

const packages = new Map(); // of a licence: the names, and the folders of the lock files
for (const lock of run("git", ["ls-files", "*package-lock.json"]).split("\n")) {
  const folder = lock.replace(/\/?package-lock\.json$/, "") || ".";
  for (const [path, { link, license = "none" }] of Object.entries(
    JSON.parse(readFileSync(join(root, lock))).packages,
  )) {
    if (!path.includes("node_modules/") || link) continue;
    const { names, folders } = packages.get(license) ?? { names: new Set(), folders: new Set() };
    packages.set(license, { names: names.add(path.replace(/.*node_modules\//, "")), folders: folders.add(folder) });
  }
}

/** Whether one of those that a name joins by OR, and all that it joins by AND, is in a list. */
const within = (licence, list) =>
  licence
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((one) => list.includes(one)));

const rows = [...packages].sort(([a], [b]) => (a < b ? -1 : 1));
const named = ([licence]) => !within(licence, permissive);
/** Packages of many platforms by what their names have in common. */
const shorten = (names) => [
  ...new Set([...names].map((name) => name.replace(/-(android|darwin|freebsd|linux|win32|wasm32).*/, "-…"))),
];

const text = `# Licences

Written by \`make licences\`; \`make lint\` fails where it differs.

steadfetch is under the [MIT licence](../LICENSE). The npm package has no dependencies. The module in it contains parts of
Go's standard library and of TinyGo's runtime, whose licences are in [NOTICE](../NOTICE) and in the package.

A Go program that imports \`classify\`, \`retry\`, \`retry/session\` or \`retry/transport\` compiles nothing from outside the
standard library; one that imports \`wasm\` compiles wazero and golang.org/x/sys.

## Go modules

| module | licence | used by |
| --- | --- | --- |
${[...modules]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([path, { licence, used }]) => `| ${path} | ${licence} | ${used.map((folder) => `\`${folder}\``).join(" ")} |`)
  .join("\n")}

## npm packages, for tests and tools only

| licence | installed by | packages, where it is not a permissive one |
| --- | --- | --- |
${rows
  .map((row) => {
    const [licence, { names, folders }] = row;
    const list = named(row) ? shorten(names).sort().join(", ") : "";
    return `| ${licence} | ${[...folders]
      .sort()
      .map((folder) => `\`${folder}\``)
      .join(" ")} | ${list} |`;
  })
  .join("\n")}
`;

const known = [...permissive, ...forTests];
const odd = [
  ...[...modules]
    .filter(([, { licence }]) => !within(licence, known))
    .map(([path, { licence }]) => `${path}: ${licence}`),
  ...rows.filter(([licence]) => !within(licence, known)).map(([licence, { names }]) => `${[...names]}: ${licence}`),
];
if (odd.length > 0) {
  console.error(`licences that nobody has looked at: ${odd.join("; ")}`);
  process.exit(1);
}
if (!process.argv.includes("--check")) {
  writeFileSync(page, text);
} else if (readFileSync(page, "utf8") !== text) {
  console.error('docs/licences.md is not what is installed: run "make licences"');
  process.exit(1);
}
