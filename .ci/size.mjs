// Prints what a page pays: the module and the bundles, raw and compressed. `make size` runs it.
import { existsSync, readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const files = process.argv.slice(2);
const rows = files
  .filter((file) => existsSync(file))
  .map((file) => {
    const bytes = readFileSync(file);
    const gzip = gzipSync(bytes, { level: 9 }).length;
    const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
    return [file, bytes.length, gzip, brotli];
  });
const width = Math.max(...rows.map(([file]) => file.length));
console.log(`${"".padEnd(width)}      raw     gzip   brotli`);
for (const [file, ...sizes] of rows) {
  console.log(file.padEnd(width) + sizes.map((n) => String(n).padStart(9)).join(""));
}
