/**
 * Hooks for React: the status of requests, and a chat's stream.
 *
 * @module
 */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import {
  type ChatStreamEvent,
  type Controller,
  createController,
  type Snapshot,
  type StreamOptions,
  stream,
} from "../index.js";

/** The status of a controller's requests, kept up to date. */
export function useRetryStatus(controller: Controller): Snapshot {
  const status = () => controller.status;
  return useSyncExternalStore(controller.subscribe, status, status);
}

/** An event of an answer. */
export type ChatMessage = Omit<Extract<ChatStreamEvent, { type: "message" }>, "type">;

/** What `useChatStream` gives. Its functions stay the same from render to render. */
export interface ChatStream {
  /** The events of the answer so far; empty again when an answer begins anew. */
  messages: readonly ChatMessage[];
  /** For a banner; `status.state` tells whether a request is on its way. */
  status: Snapshot;
  /** Why the request failed for good. To be stopped is no failure. */
  error: Error | undefined;
  /** For `<retry-status>` or a banner of your own. */
  controller: Controller;
  /** Makes a request. One that is on its way is ended. */
  start(url: string | URL | Request, init?: RequestInit): void;
  /** Ends the request. What was received stays. */
  stop(): void;
  /** Ends the wait. */
  retryNow(): void;
}

interface Shown {
  messages: readonly ChatMessage[];
  error: Error | undefined;
}

/** Why a request was ended whose answer nobody looks at any more. */
const replaced = new DOMException("replaced by another request", "AbortError");
/** How long messages are gathered before they are shown, in ms: about a frame. */
const gather = 16;

/**
 * A chat's answer as it comes, through faults. It knows nothing of what the
 * messages say: parse `data` as your provider has it. The request ends with
 * the component.
 *
 * The options are those of `stream()`; `start` uses those of the latest render.
 */
export function useChatStream(options: StreamOptions = {}): ChatStream {
  const [own] = useState(createController);
  const controller = options.controller ?? own;
  const latest = useRef<StreamOptions>(options);
  const running = useRef<AbortController>(undefined);
  const [shown, show] = useState<Shown>({ messages: [], error: undefined });
  useEffect(() => {
    latest.current = { ...options, controller };
  });
  useEffect(() => () => running.current?.abort(replaced), []);

  const start = useCallback((url: string | URL | Request, init?: RequestInit) => {
    running.current?.abort(replaced);
    const abort = new AbortController();
    running.current = abort;
    void follow(url, init, latest.current, abort, show);
  }, []);

  return {
    ...shown,
    status: useRetryStatus(controller),
    controller,
    start,
    stop: controller.stop,
    retryNow: controller.retryNow,
  };
}

async function follow(
  url: string | URL | Request,
  init: RequestInit | undefined,
  options: StreamOptions,
  abort: AbortController,
  show: (shown: Shown) => void,
): Promise<void> {
  const { signal } = abort;
  const theirs = options.signal ?? init?.signal ?? (url as Partial<Request>).signal;
  const end = () => abort.abort(theirs?.reason);
  theirs?.addEventListener("abort", end, { once: true });
  if (theirs?.aborted) {
    end();
  }
  let messages: ChatMessage[] = [];
  let error: Error | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (signal.reason !== replaced) {
      show({ messages: messages.slice(), error });
    }
  };
  flush();
  try {
    for await (const event of stream(url, init, { ...options, signal })) {
      if (event.type === "message") {
        const { type: _, ...message } = event;
        messages.push(message);
        timer ??= setTimeout(flush, gather);
      } else if (event.type === "reset") {
        messages = [];
        flush();
      } else if (event.type === "error" && event.verdict.kind !== "stopped_by_user") {
        error = event.error;
      }
    }
  } catch (thrown) {
    if (!signal.aborted) {
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }
  theirs?.removeEventListener("abort", end);
  flush();
}
