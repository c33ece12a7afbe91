// Writes measured tables into the pages that show them: between `<!-- make NAME -->` and `<!-- end -->` it puts what that
// target prints, so that no figure is copied by hand.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

const heads = /^\| (one file|clients|of \d+ faults|-)/;
/** Which rows of which table a page shows, in addition to its head. */
const pages = {
  "README.md": {
    peers: /\|/,
    size: /the module|`createFetch`( \||,.* alone)|js`|element|react/,
  },
  // Only the storms whose answers take 2 s; the target prints others, too.
  "RATIONALE.md": { size: /the module/, storm: /\| 2\.0 s \| (yes|no) \|/ },
};

for (const [page, tables] of Object.entries(pages)) {
  const text = readFileSync(root + page, "utf8");
  const filled = text.replace(/(<!-- make ([a-z]+) -->\n)[\s\S]*?(?=<!-- end -->)/g, (_, mark, name) => {
    const printed = execFileSync("make", ["--silent", name], { cwd: root, encoding: "utf8" });
    const rows = printed
      .split("\n")
      .filter((row) => heads.test(row) || (row.startsWith("|") && tables[name].test(row)));
    return `${mark}${rows.join("\n")}\n`;
  });
  if (filled !== text) writeFileSync(root + page, filled);
}
