// Composables for Vue: the status of requests, and an answer while it streams.
import {
  type Controller,
  createController,
  type RetryError,
  type Snapshot,
  type StreamOptions,
  stream,
} from "steadfetch";
import { onScopeDispose, ref, type ShallowRef, shallowRef } from "vue";

export function useRetryStatus(controller: Controller): Readonly<ShallowRef<Snapshot>> {
  const status = shallowRef(controller.status);
  onScopeDispose(
    controller.subscribe((next) => {
      status.value = next;
    }),
  );
  return status;
}

export function useChatStream(options: StreamOptions = {}) {
  const controller = options.controller ?? createController();
  const text = ref("");
  const error = shallowRef<RetryError>();
  let events: ReturnType<typeof stream> | undefined;

  async function start(...[url, init]: Parameters<typeof fetch>) {
    events?.return(); // ends the answer that is still streaming
    const own = stream(url, init, { ...options, controller });
    events = own;
    text.value = "";
    error.value = undefined;
    for await (const event of own) {
      if (event.type === "message") text.value += event.text ?? "";
      if (event.type === "reset") text.value = ""; // the answer starts over
      if (event.type === "error") error.value = event.error;
    }
  }

  onScopeDispose(() => events?.return());
  return { text, error, status: useRetryStatus(controller), controller, start };
}
