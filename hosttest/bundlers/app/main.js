import { ask } from "./ask.js";

globalThis.ask = ask;
document.documentElement.dataset.ready = "";
