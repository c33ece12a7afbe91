"use client";
/**
 * For React 18 and newer: the status of requests, an answer that streams in, and
 * the banner.
 *
 * @module
 */
import {
  createElement,
  type ReactElement,
  type ReactNode,
  useEffect,
  useInsertionEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { Controller, Snapshot, StreamOptions } from "../index.js";
import { type Answer, makeChat, nothing } from "./chat.js";
import type { RetryStatusElement } from "./element.js";
import type { Texts } from "./texts.js";

export type { ChatStreamMessage } from "../index.js";
export type { Answer } from "./chat.js";

const idle: Snapshot = Object.freeze({ state: "idle", attempt: 0, failures: 0 });

/** The status of a controller's requests, kept up to date. On a server, and until a page is hydrated, it is idle. */
export function useRetryStatus(controller: Controller): Snapshot {
  return useSyncExternalStore(
    controller.subscribe,
    () => controller.status,
    () => idle,
  );
}

/** What `useChatStream` returns. Its functions stay the same from render to render. */
export interface ChatStream extends Answer {
  /** For a banner; `status.state` says whether a request is in flight. */
  status: Snapshot;
  /** For `<retry-status>` or a banner of your own. */
  controller: Controller;
  /** Makes a request, and ends the previous one. Throws a TypeError if an option is invalid. */
  start(url: string | URL | Request, init?: RequestInit): void;
  /** Makes the last request again. */
  retry(): void;
  /** Ends the request. What was received stays. */
  stop(): void;
  /** Ends the wait. */
  retryNow(): void;
}

/**
 * A chat's answer as it arrives, in spite of failures. The request ends with the component.
 *
 * The options are those of `stream()`; `start` uses those of the latest render,
 * and `restore` for the first request only.
 */
export function useChatStream(options: StreamOptions = {}): ChatStream {
  const [chat] = useState(() => makeChat(options));
  const controller = options.controller ?? chat.controller;
  // Runs before all other effects of this commit, so that a child's effect may call start().
  useInsertionEffect(() => {
    chat.options = { ...options };
  });
  useEffect(chat.mount, []);
  const answer = useSyncExternalStore(
    chat.subscribe,
    () => chat.answer,
    () => nothing,
  );
  return {
    ...answer,
    status: useRetryStatus(controller),
    controller,
    start: chat.start,
    retry: chat.retry,
    stop: controller.stop,
    retryNow: controller.retryNow,
  };
}

/** The properties of `RetryStatus`. Others go to the element, such as `className` or `slot`. */
export interface RetryStatusComponentProps {
  /** What `useChatStream` returned: all that the banner needs. */
  chat?: ChatStream | undefined;
  /** Without `chat`: the controller of the requests to show. */
  controller?: Controller | undefined;
  /** Whether a part of the answer is on the page. */
  received?: boolean | undefined;
  /** Other texts, such as in another language. */
  texts?: Partial<Texts> | undefined;
  /** Called when a person wants to repeat the request. Default: the chat's `retry`. */
  onRetry?: (() => void) | undefined;
  className?: string | undefined;
  children?: ReactNode;
  [attribute: string]: unknown;
}

/** `<retry-status>` as a component, which React 18 needs and which loads the element by itself. */
export function RetryStatus(props: RetryStatusComponentProps): ReactElement {
  const { chat, controller = chat?.controller, received = chat?.received } = props;
  const { texts, onRetry = chat?.retry, className, ...others } = props;
  for (const known of ["chat", "controller", "received"]) {
    delete others[known];
  }
  const element = useRef<RetryStatusElement>(null);
  const act = useRef<(() => void) | undefined>(undefined);
  useEffect(() => {
    void import("./element.js");
    const retry = () => act.current?.();
    const { current } = element;
    current?.addEventListener("retry", retry);
    return () => current?.removeEventListener("retry", retry);
  }, []);
  useEffect(() => {
    act.current = onRetry;
  }, [onRetry]);
  useEffect(() => {
    Object.assign(element.current ?? {}, { controller, received: received ?? false, texts });
  }, [controller, received, texts]);
  // React 18 does not support className on custom elements.
  return createElement("retry-status", { ...others, ref: element, class: className });
}
