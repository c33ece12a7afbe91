// WebKit, driven by WebKitWebDriver (W3C WebDriver), with the MiniBrowser that comes with it.
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { find, freePort, start } from "../processes.mjs";

/** Debian has the browser next to its library: /usr/lib/ARCHITECTURE/webkit2gtk-VERSION/MiniBrowser. */
function miniBrowser() {
  if (process.env.MINIBROWSER) return process.env.MINIBROWSER;
  return readdirSync("/usr/lib")
    .map((name) => join("/usr/lib", name))
    .filter((folder) => folder.endsWith("-linux-gnu"))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name, "MiniBrowser")))
    .filter((file) => /webkit.*gtk-/.test(file) && existsSync(file))
    .sort()
    .at(-1);
}

/** A display for as long as it is needed: the existing one, or a virtual one. */
async function openDisplay() {
  if (process.env.DISPLAY) return { display: process.env.DISPLAY, close: async () => {} };
  const { child, failed, stop } = start(find("XVFB", "Xvfb"), ["-displayfd", "3", "-screen", "0", "800x600x24"], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const [number] = await Promise.race([once(child.stdio[3].setEncoding("utf8"), "data"), failed]);
  return { display: `:${number.trim()}`, close: stop };
}

async function call(method, url, body) {
  const response = await fetch(url, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`WebKitWebDriver: ${value.error}: ${value.message}`);
  return value;
}

/** Opens a page. `send` sends a command to its driver: a method, a path below the session's, a body. */
export async function openWebKit(driver, address) {
  const { display, close: closeDisplay } = await openDisplay();
  const port = await freePort();
  // With the locale C, navigator.language would be "C", which Intl does not accept.
  const language = { LANG: "en_US.UTF-8", LANGUAGE: "en_US" };
  const env = { ...process.env, ...language, DISPLAY: display, LIBGL_ALWAYS_SOFTWARE: "1" };
  const { failed, stop } = start(driver, [`--port=${port}`, "--host=127.0.0.1"], { env });
  const base = `http://127.0.0.1:${port}/session`;
  let session;
  const close = async () => {
    if (session) await call("DELETE", `${base}/${session.sessionId}`).catch(() => {});
    await stop();
    await closeDisplay();
  };
  try {
    for (let tries = 0; ; tries++) {
      try {
        await Promise.race([fetch(`http://127.0.0.1:${port}/status`), failed]);
        break;
      } catch (error) {
        if (tries === 50) throw error;
        await sleep(100);
      }
    }
    const options = { binary: miniBrowser(), args: ["--automation"] };
    session = await call("POST", base, {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } },
    });
    await call("POST", `${base}/${session.sessionId}/url`, { url: address });
    const send = (method, path, body) => call(method, `${base}/${session.sessionId}/${path}`, body);
    return { failed, close, send, version: session.capabilities.browserVersion };
  } catch (error) {
    await close();
    throw error;
  }
}
