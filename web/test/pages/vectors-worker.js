import { play } from "./vectors.js";

addEventListener("message", async ({ data }) => postMessage(await play(data)));
