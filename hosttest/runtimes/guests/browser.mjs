// Pages and their workers, dedicated workers and service workers. The host's name is in the URL.
import { report } from "/hosttest/runtimes/play.mjs";
import * as steadfetch from "/steadfetch/index.js";

const host = new URLSearchParams(location.search).get("host");
const begin = () => report(steadfetch, location.origin, host);

if (typeof ServiceWorkerGlobalScope === "function" && globalThis instanceof ServiceWorkerGlobalScope) {
  // Without an event to wait for, the browser may stop the worker at any time.
  addEventListener("install", (event) => event.waitUntil(begin()));
} else {
  begin(); // not awaited: a service worker must not have a top-level await
}
