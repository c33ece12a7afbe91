// Stores for Svelte: the status of requests, and an answer while it streams.
import { type Controller, createController, type RetryError, type StreamOptions, stream } from "steadfetch";
import { readable, writable } from "svelte/store";

export const retryStatus = (controller: Controller) => readable(controller.status, (set) => controller.subscribe(set));

export function chatStream(options: StreamOptions = {}) {
  const controller = options.controller ?? createController();
  const text = writable("");
  const error = writable<RetryError | undefined>();
  let events: ReturnType<typeof stream> | undefined;

  async function start(...[url, init]: Parameters<typeof fetch>) {
    events?.return(); // ends the answer that is still streaming
    const own = stream(url, init, { ...options, controller });
    events = own;
    text.set("");
    error.set(undefined);
    for await (const event of own) {
      if (event.type === "message") text.update((before) => before + (event.text ?? ""));
      if (event.type === "reset") text.set(""); // the answer starts over
      if (event.type === "error") error.set(event.error);
    }
  }

  // In a component: onDestroy(chat.stop).
  return { text, error, status: retryStatus(controller), controller, start, stop: controller.stop };
}
