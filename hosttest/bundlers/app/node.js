import { ask } from "./ask.js";

ask(process.argv[2]).then((answer) => console.log(JSON.stringify(answer)));
