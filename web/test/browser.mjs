// Debian's Chromium, with a profile of its own that is gone afterwards.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import puppeteer from "puppeteer-core";

function find() {
  if (process.env.CHROMIUM) {
    return process.env.CHROMIUM;
  }
  const folders = (process.env.PATH ?? "").split(delimiter);
  return ["chromium", "chromium-browser", "google-chrome", "chrome"]
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(existsSync);
}

const executablePath = find();

/**
 * What a test gets as its option `skip`: a reason if there is no browser. Where
 * CI runs that is no reason but a failure.
 */
export const noBrowser =
  executablePath || process.env.CI === "true" ? false : "no Chromium: set CHROMIUM to one, or put it on the PATH";

export async function launch() {
  if (!executablePath) {
    throw new Error("no Chromium: set CHROMIUM to one, or put it on the PATH");
  }
  // puppeteer makes a profile in a temporary folder and removes it.
  return puppeteer.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A page whose complaints are kept: what it threw, what it wrote as an error,
 * what its policy blocked. Failed requests are not among them: here they are
 * the point.
 */
export async function openPage(browser, url) {
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !/^Failed to load resource|blocked by CORS policy/.test(text)) {
      complaints.push(text);
    }
  });
  await page.goto(url);
  return { page, complaints };
}
