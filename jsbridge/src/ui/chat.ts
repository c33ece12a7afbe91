import {
  type ChatStreamEvent,
  type ChatStreamFinish,
  type ChatStreamMessage,
  type Controller,
  classify,
  createController,
  RetryError,
  type StreamOptions,
  stream,
  type Verdict,
} from "../index.js";

/** What a page shows of an answer. It is never changed, only replaced. */
export interface Answer {
  /** The text so far, in every protocol that the engine knows; empty again when the answer starts over. */
  readonly text: string;
  /** The reasoning so far, likewise. */
  readonly reasoning: string;
  /** The events so far, for everything but text. */
  readonly messages: readonly ChatStreamMessage[];
  /** Whether any part of the answer has arrived: a failure is then an interruption. */
  readonly received: boolean;
  /** How the answer ended, when it is complete. */
  readonly finish: ChatStreamFinish | undefined;
  /** Why the request failed permanently. A stop or an abort is not a failure. */
  readonly error: RetryError | undefined;
}

type Input = string | URL | Request;

/** One answer after the other, for its subscribers, without any framework. */
export interface Chat {
  readonly controller: Controller;
  readonly answer: Answer;
  /** For the next request. */
  options: StreamOptions;
  subscribe(listener: () => void): () => void;
  start(input: Input, init?: RequestInit): void;
  retry(): void;
  /** A component shows the chat from now on, until the function that it returns is called. */
  mount(): () => void;
}

export const nothing: Answer = Object.freeze({
  text: "",
  reasoning: "",
  messages: [],
  received: false,
  finish: undefined,
  error: undefined,
});

/** How often an answer is shown, in ms: about once a frame, however fast it comes. */
const showEveryMs = 16;

export function makeChat(options: StreamOptions): Chat {
  const listeners = new Set<() => void>();
  let place: "new" | "mounted" | "gone" = "new";
  let running: AsyncIterator<ChatStreamEvent> | undefined;
  let asked: [input: Input, init: RequestInit | undefined] | undefined;

  function end(): void {
    void running?.return?.();
    running = undefined;
  }

  const chat: Chat & { answer: Answer } = {
    controller: createController(),
    answer: nothing,
    options,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start(input, init) {
      if (place === "gone") {
        return; // no component would show the answer or end the request
      }
      const { controller = chat.controller, restore, ...others } = chat.options;
      const request = input instanceof Request ? input.clone() : input; // a body is read once, and retry() needs it
      // A stored status belongs to the first request.
      const events = stream(request, init, { ...others, controller, ...(!asked && restore && { restore }) });
      end();
      running = events;
      asked = [input, init];
      const aborted = () => [others.signal, init?.signal, (input as Partial<Request>).signal].some((s) => s?.aborted);
      void follow(events, aborted, (answer) => {
        if (running === events) {
          chat.answer = answer;
          for (const listener of [...listeners]) {
            listener();
          }
        }
      });
    },
    retry() {
      if (asked) {
        chat.start(...asked);
      }
    },
    mount() {
      place = "mounted";
      return () => {
        place = "gone";
        // React's StrictMode mounts again at once, and the first mount's request must survive.
        queueMicrotask(() => {
          if (place === "gone") {
            end();
          }
        });
      };
    },
  };
  return chat;
}

/** Follows an answer to its end, and shows it at intervals. */
async function follow(
  events: AsyncIterable<ChatStreamEvent>,
  aborted: () => boolean,
  show: (answer: Answer) => void,
): Promise<void> {
  let { text, reasoning, finish, error } = nothing;
  let messages: ChatStreamMessage[] = [];
  let shownAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    shownAt = Date.now();
    show({ text, reasoning, messages: messages.slice(), received: messages.length > 0, finish, error });
  };
  const clear = () => {
    text = reasoning = "";
    messages = [];
  };
  show(nothing);
  try {
    for await (const event of events) {
      switch (event.type) {
        case "message":
          messages.push(event);
          text += event.text ?? "";
          reasoning += event.reasoning ?? "";
          break;
        case "reset":
          clear();
          break;
        case "finish":
          finish = event;
          break;
        case "error":
          error = event.verdict.kind === "stopped_by_user" ? undefined : event.error;
          break;
        case "retry":
          continue; // it is in the controller's status
      }
      timer ??= setTimeout(flush, Math.min(Math.max(shownAt + showEveryMs - Date.now(), 0), showEveryMs));
    }
  } catch (thrown) {
    if (!aborted()) {
      error = new RetryError(judge(thrown), 1, undefined, thrown);
    }
  }
  flush();
}

/** A verdict on an error of the set-up. Its own text may not be fit to show. */
function judge(thrown: unknown): Verdict {
  try {
    return classify(thrown as Error);
  } catch {
    // There is no engine: that is the error.
    return { retryable: false, kind: "unknown", title: "Request failed", message: "The request could not be made." };
  }
}
