// Pages, and the workers of pages: dedicated ones and those that serve a page's requests. What they are called stands in
// their address.
import { report } from "/hosttest/runtimes/play.mjs";
import * as steadfetch from "/steadfetch/index.js";

const host = new URLSearchParams(location.search).get("host");
const begin = () => report(steadfetch, location.origin, host);

if (typeof ServiceWorkerGlobalScope === "function" && globalThis instanceof ServiceWorkerGlobalScope) {
  // Without an event to wait for, the browser may end it at any moment.
  addEventListener("install", (event) => event.waitUntil(begin()));
} else {
  begin(); // not awaited: a service worker must have no await at its top
}
