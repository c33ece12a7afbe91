// Writes measured tables into the pages that show them: between `<!-- make NAME -->` and `<!-- end -->` stands what that
// target prints, so that no figure is copied by hand.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Which of a target's rows a page shows. */
const shown = {
  size: (row) => !/`stream`|everything|testing/.test(row),
  storm: (row) => !row.includes("| 20.0 s | yes |") && !row.includes("| 20.0 s | no |"), // the answer takes so long
};

for (const page of ["README.md", "RATIONALE.md"]) {
  const text = readFileSync(root + page, "utf8");
  const filled = text.replace(/(<!-- make ([a-z]+) -->\n)[\s\S]*?(?=<!-- end -->)/g, (_, mark, name) => {
    const printed = execFileSync("make", ["--silent", name], { cwd: root, encoding: "utf8" });
    const rows = printed.split("\n").filter((line) => line.startsWith("|"));
    return `${mark}${rows.filter(shown[name]).join("\n")}\n`;
  });
  if (filled !== text) writeFileSync(root + page, filled);
}
