import { play } from "./vectors.js";

onmessage = async ({ data }) => postMessage(await play(data));
