// Writes the tables of docs/reference.md: what is between `<!-- of … -->` and `<!-- end -->` comes from the comments in the
// sources, so it cannot go stale. `--check` fails if they differ.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = "docs/reference.md";

const read = (file) => readFileSync(root + file, "utf8");
const source = (file) => ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
const cell = (text) => text.replace(/\s+/g, " ").replaceAll("|", "\\|").trim();
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

function declaration(file, name) {
  let found;
  ts.forEachChild(source(file), (node) => {
    if ((ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) && node.name?.text === name) found = node;
  });
  if (!found) throw new Error(`${page}: ${file} declares no ${name}`);
  return found;
}

/** Removes the name from the beginning of a doc comment: the table has it in another column. */
function without(name, words) {
  const rest =
    words.replaceAll("`", "").startsWith(`${name} `) || words.startsWith(`${name[0].toUpperCase()}${name.slice(1)} `)
      ? words.replace(/^`?\w+`? ((is|are) )?/, "")
      : words.trim();
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** The doc comment of a node. */
const comment = (node) =>
  ts
    .getJSDocCommentsAndTags(node)
    .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? "")
    .join(" ");

/** A short form of a type: only "function" for a function, since its comment says the rest. */
function kindOf(member) {
  if (ts.isMethodSignature(member) || ts.isMethodDeclaration(member)) return "function";
  let text = (member.type?.getText() ?? "").replace(/\s+/g, " ").replace(/ \| undefined$/, "");
  text = text.replace(/^\((.*)\)$/, "$1").replace(/^\| /, "");
  if (text.includes("=>") && !text.startsWith("Partial<")) return "function";
  if (text.startsWith("Partial<Record<")) return "object";
  if (text.startsWith("NonNullable<")) return "string";
  return text.startsWith("{") && text.length > 60 ? "object" : text;
}

/**
 * The members of interfaces or classes, one per row. `places` are pairs of a file and a name, or "name.member" for a member
 * that has members.
 */
function members(...places) {
  const rows = [];
  for (let i = 0; i < places.length; i += 2) {
    const [name, inner] = places[i + 1].split(".");
    let of = declaration(places[i], name).members;
    if (inner) of = of.find((member) => member.name?.getText() === inner).type.members;
    for (const member of of) {
      const type = kindOf(member);
      if (!member.name || !type || member.name.getText() === "type") continue;
      const key = member.name.getText().replaceAll('"', "");
      rows.push([`\`${key}\``, `\`${type}\``, without(key, comment(member))]);
    }
  }
  return table(["name", "type", "meaning"], rows);
}

/** The constants of a Go type, with the comments after them. */
function constants(file, type) {
  const lines = [...read(file).matchAll(new RegExp(`^\\t\\w+ +${type} = "(\\w+)"(?: +// (.*))?$`, "gm"))];
  if (lines.length === 0) throw new Error(`${page}: ${file} has no constants of type ${type}`);
  return lines.map(([, value, words = ""]) => [value, words]);
}

/** The meaning and the title of each kind. */
function kinds() {
  const texts = read("classify/texts.go");
  return table(
    ["kind", "meaning", "title"],
    constants("classify/verdict.go", "Kind").map(([kind, meaning]) => {
      const name = new RegExp(`^\\t(\\w+) +Kind = "${kind}"`, "m").exec(read("classify/verdict.go"))[1];
      const title = new RegExp(`of: string\\(${name}\\), Text: Text\\{Title: "([^"]+)"`).exec(texts);
      if (!title || !meaning) throw new Error(`${page}: ${kind} has no title or no comment`);
      return [`\`${kind}\``, meaning, title[1]];
    }),
  );
}

const states = () =>
  table(
    ["state", "meaning"],
    constants("retry/session/wire.go", "State").map(([state, words]) => [`\`${state}\``, words]),
  );

/** The fields of a Go struct. */
function fields(file, name) {
  const body = new RegExp(`^type ${name} struct \\{\\n([\\s\\S]*?)^\\}`, "m").exec(read(file))?.[1];
  if (!body) throw new Error(`${page}: ${file} declares no ${name}`);
  const rows = [];
  let words = [];
  for (const line of body.split("\n")) {
    const [, said] = /^\t\/\/ ?(.*)$/.exec(line) ?? [];
    const [, names] = /^\t([A-Z]\w*(?:, [A-Z]\w*)*) /.exec(line) ?? [];
    if (said !== undefined) words.push(said);
    else if (names) rows.push([`\`${names}\``, without(names, words.splice(0).join(" "))]);
    else words = [];
  }
  return table(["field", "meaning"], rows);
}

const makers = { members, kinds, states, fields };

const text = read(page);
const filled = text.replace(/(<!-- of (\w+) ?(.*?) -->\n)[\s\S]*?(?=<!-- end -->)/g, (_, mark, maker, args) => {
  return `${mark}${makers[maker](...args.split(" "))}\n`;
});
/** The warnings in the sources. Their table is written by hand, and must list each of them. */
const sources = readdirSync(`${root}retry/session`)
  .filter((name) => name.endsWith(".go"))
  .map((name) => `retry/session/${name}`)
  .concat("jsbridge/src/api/fetch.ts", "jsbridge/src/session/warn.ts");
const warned = sources
  .filter((file) => !file.endsWith("_test.go"))
  .flatMap((file) => {
    const rules = /(?:Warning = |deliverRest\(|warn\(\w+, )"(\w+)"/g;
    const found = [...read(file).matchAll(rules)];
    return file.endsWith("about.go") ? [...found, ...read(file).matchAll(/return "(\w+)"/g)] : found;
  })
  .map(([, rule]) => rule);
const section = /^## Warnings\n[\s\S]*?(?=^## )/m.exec(text)[0];
const listed = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, rule]) => rule);
const differ = [...new Set([...warned, ...listed])].filter((rule) => !warned.includes(rule) || !listed.includes(rule));
if (differ.length > 0) {
  console.error(`${page}: the table of warnings differs from the sources in ${differ.join(", ")}`);
  process.exit(1);
}

if (process.argv.includes("--check")) {
  if (filled !== text) {
    console.error(`${page} differs from the sources: run "make reference"`);
    process.exit(1);
  }
} else if (filled !== text) {
  writeFileSync(root + page, filled);
}
