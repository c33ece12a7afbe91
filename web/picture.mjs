// Records the README's animated picture from the page: the comparison while it runs.
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import gifenc from "gifenc";
import { PNG } from "pngjs";
import { startProvider } from "./provider.mjs";
import { startServer } from "./server.mjs";
import { launch } from "./test/browser.mjs";

const { GIFEncoder } = gifenc;
const out = fileURLToPath(new URL("picture.gif", import.meta.url));
/** How much slower the page's time runs during the recording, so that any machine gets enough frames. */
const slower = 5;
const tokenDelayMs = 45;
/** How far frames are apart at least, in ms. */
const leastMs = 80;
/** How long the last frame stays, in ms. */
const lastMs = 3500;
/** The colour of the palette that means "same as in the frame before". */
const same = 255;

/** Slows the page's clocks and timers. Runs in the page. */
function slow(factor) {
  for (const clock of [Date, performance]) {
    const now = clock.now.bind(clock);
    const began = now();
    clock.now = () => began + (now() - began) / factor;
  }
  for (const name of ["setTimeout", "setInterval"]) {
    const own = globalThis[name];
    globalThis[name] = (act, ms = 0, ...rest) => own(act, ms * factor, ...rest);
  }
}

/** A part of a picture. */
function crop({ data, width: whole }, { x, y, width, height }) {
  const pixels = Buffer.alloc(width * height * 4);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * whole + x) * 4;
    data.copy(pixels, row * width * 4, from, from + width * 4);
  }
  return { pixels, width, height };
}

/** The frames of one run: `{at, pixels}`, in ms and RGBA. */
async function film() {
  const provider = await startProvider();
  const server = await startServer({ provider: provider.url });
  const browser = await launch();
  const shots = [];
  let clip;
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
    await page.evaluateOnNewDocument(slow, slower);
    await page.goto(`${server.url}/?tokenDelayMs=${tokenDelayMs * slower}`);
    await page.waitForSelector("#compare[data-state=done]", { timeout: 60_000 }); // everything is loaded now
    clip = await page.evaluate(() => {
      const from = document.querySelector("#compare h1").getBoundingClientRect();
      const to = document.querySelector(".lanes").getBoundingClientRect();
      const margin = 14;
      return {
        x: Math.floor(to.x - margin),
        y: Math.floor(from.y - margin),
        width: Math.ceil(to.width + 2 * margin),
        height: Math.ceil(to.bottom - from.y + 2 * margin),
      };
    });
    const client = await page.createCDPSession();
    await client.send("Animation.enable");
    await client.send("Animation.setPlaybackRate", { playbackRate: 1 / slower });
    client.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
      shots.push({ at: (metadata.timestamp * 1000) / slower, data });
      client.send("Page.screencastFrameAck", { sessionId }).catch(() => {}); // for the last frame the session may be closed
    });
    await page.click("#again");
    await page.waitForSelector("#bare[data-state=flowing]");
    await client.send("Page.startScreencast", { format: "png" });
    await page.waitForSelector("#compare[data-state=done]", { timeout: 60_000 });
    await sleep(500); // wait for the last frame
    await client.send("Page.stopScreencast");
  } finally {
    await browser.close();
    await server.close();
    await provider.stop();
  }
  // Decode only now: that takes longer than a frame lasts. Frames may arrive out of order.
  shots.sort((a, b) => a.at - b.at);
  let kept = Number.NEGATIVE_INFINITY;
  const some = shots.filter(({ at }, i) => {
    const keep = at - kept >= leastMs || i === shots.length - 1;
    kept = keep ? at : kept;
    return keep;
  });
  return some.map(({ at, data }) => ({ at, ...crop(PNG.sync.read(Buffer.from(data, "base64")), clip) }));
}

/** The colour of each pixel as one number. */
const coloursOf = ({ pixels }) => new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / 4);
const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];

/** The most frequent colours of the first, the middle and the last frame. The page has few; a quantizer would blur its light tones. */
function paletteOf(frames) {
  const count = new Map();
  for (const frame of [frames[0], frames[frames.length >> 1], frames.at(-1)]) {
    for (const colour of coloursOf(frame)) {
      count.set(colour, (count.get(colour) ?? 0) + 1);
    }
  }
  const frequent = [...count].sort(([, a], [, b]) => b - a).slice(0, same);
  return frequent.map(([colour]) => parts(colour));
}

/** Returns a function that gives a colour's nearest place in the palette. */
function makePicker(palette) {
  const known = new Map();
  const distance = (colour, other) => parts(colour).reduce((sum, part, i) => sum + (part - other[i]) ** 2, 0);
  return (colour) => {
    let place = known.get(colour);
    if (place === undefined) {
      const distances = palette.map((other) => distance(colour, other));
      place = distances.indexOf(Math.min(...distances));
      known.set(colour, place);
    }
    return place;
  };
}

function encode(frames) {
  const palette = paletteOf(frames);
  const pick = makePicker([...palette]);
  while (palette.length <= same) {
    palette.push([0, 0, 0]);
  }
  const gif = GIFEncoder();
  let before;
  for (const [i, frame] of frames.entries()) {
    const { at, width, height } = frame;
    const drawn = Uint8Array.from(coloursOf(frame), pick);
    const next = frames[i + 1];
    gif.writeFrame(before ? drawn.map((colour, at) => (colour === before[at] ? same : colour)) : drawn, width, height, {
      palette: i === 0 ? palette : undefined,
      transparent: i > 0,
      transparentIndex: same,
      dispose: 1, // keep the frame before under this one
      delay: next ? next.at - at : lastMs,
    });
    before = drawn;
  }
  gif.finish();
  return gif.bytes();
}

const frames = await film();
const bytes = encode(frames);
writeFileSync(out, bytes);
console.log(`web/picture.gif: ${frames.length} frames, ${Math.round(bytes.length / 1000)} kB`);
