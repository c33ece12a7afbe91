// Launches an installed Chromium, with a temporary profile.
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
 * A test's option `skip`: a reason if there is no browser. In CI a missing browser
 * is a failure, so nothing is skipped.
 */
export const noBrowser =
  executablePath || process.env.CI === "true" ? false : "no Chromium: set CHROMIUM to one, or put it on the PATH";

export async function launch() {
  if (!executablePath) {
    throw new Error("no Chromium: set CHROMIUM to one, or put it on the PATH");
  }
  // Puppeteer creates a profile in a temporary folder and removes it.
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
 * A page whose complaints are collected: what it threw, what it logged as an error,
 * what its policy blocked. Failed requests are left out: the tests provoke them.
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
