// The pages of this repository that have examples, and their fenced code blocks.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every page whose examples run. */
export const pages = [
  "README.md",
  "jsbridge/README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "examples/README.md",
  ...readdirSync(join(root, "docs"), { recursive: true })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
    .sort(),
];

/** The fenced blocks of a page, each with the heading above it and its number under that heading. */
export function blocksOf(file) {
  const blocks = [];
  let heading = "";
  let block;
  for (const line of readFileSync(join(root, file), "utf8").split("\n")) {
    assert.doesNotMatch(line, /^\s*~~~|^\s+```/, `${file}: a block that begins like this would not be found`);
    if (block) {
      if (line.startsWith("```")) {
        blocks.push(block);
        block = undefined;
      } else {
        block.code += `${line}\n`;
      }
    } else if (line.startsWith("```")) {
      const nth = blocks.filter((b) => b.heading === heading).length + 1;
      block = { heading, nth, language: line.slice(3), code: "" };
    } else if (/^#+ /.test(line)) {
      heading = line.replace(/^#+ /, "");
    }
  }
  assert.equal(block, undefined, `${file} ends within a code block`);
  return blocks;
}
