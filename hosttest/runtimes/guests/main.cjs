// Node.js, with `require`.
const steadfetch = require("steadfetch");

const [server, host] = process.argv.slice(2);
import("../play.mjs").then(({ report }) => report(steadfetch, server, host));
