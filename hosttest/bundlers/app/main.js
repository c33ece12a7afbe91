import { init } from "steadfetch";
import { ask } from "./ask.js";

init({ fallback: () => import("steadfetch/js") });
globalThis.ask = ask;
document.documentElement.dataset.ready = "";
