// Runs where the URL says: in this page, or in a worker.
const query = new URLSearchParams(location.search);
const host = query.get("host");

const tell = (what, error) =>
  fetch(`/outcome/${encodeURIComponent(host)}`, {
    method: "POST",
    body: JSON.stringify({ error: `${what}: ${error?.stack ?? error?.message ?? error}` }),
  });

const guest = `browser.mjs?host=${encodeURIComponent(host)}`;
try {
  if (query.get("in") === "worker") {
    new Worker(guest, { type: "module" }).onerror = (event) => tell("the worker", event);
  } else if (query.get("in") === "service worker") {
    await navigator.serviceWorker.register(guest, { type: "module" });
  } else {
    await import("./browser.mjs");
  }
} catch (error) {
  await tell("the page", error);
}
