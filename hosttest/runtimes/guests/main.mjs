// Node.js, Deno and Bun, with `import`.
import process from "node:process";
import * as steadfetch from "steadfetch";
import { report } from "../play.mjs";

const [server, host] = process.argv.slice(2);
await report(steadfetch, server, host);
