// The clients that meet the faults, and how to read each protocol's events.
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { createFetch, RetryError, stream } from "steadfetch";

const model = "any";
const user = { role: "user", content: "hi" };

function openai(base, fetch) {
  return new OpenAI({ apiKey: "k", baseURL: `${base}/v1`, maxRetries: 0, fetch });
}

/**
 * How to request an answer, by hand and with the SDK, and how to read an event:
 * whether the answer begins, a piece of its text, or how it finished. The SDKs
 * pass events on unchanged, so one `read` works for all.
 */
export const protocols = {
  anthropic: {
    path: "/v1/messages",
    body: { model, max_tokens: 999, stream: true, messages: [user] },
    sdk: (base, fetch, body) =>
      new Anthropic({ apiKey: "k", baseURL: base, maxRetries: 0, fetch }).messages.create(body),
    read: (e) => ({ begins: e.type === "message_start", text: e.delta?.text, finish: e.delta?.stop_reason }),
    finishes: { stop: "end_turn", length: "max_tokens", content_filter: "refusal", refusal: "refusal" },
  },
  "openai-chat": {
    path: "/v1/chat/completions",
    body: { model, stream: true, messages: [user] },
    sdk: (base, fetch, body) => openai(base, fetch).chat.completions.create(body),
    read({ choices: [choice] = [] }) {
      const { role, content, refusal } = choice?.delta ?? {};
      return { begins: role !== undefined, text: content || refusal, finish: choice?.finish_reason };
    },
    finishes: { stop: "stop", length: "length", content_filter: "content_filter", refusal: "stop" },
  },
  "openai-responses": {
    path: "/v1/responses",
    body: { model, stream: true, background: true, input: "hi" },
    sdk: (base, fetch, body) => openai(base, fetch).responses.create(body),
    read: ({ type, delta }) => ({
      begins: type === "response.created",
      text: /^response\.(output_text|refusal)\.delta$/.test(type) ? delta : "",
      finish: /^response\.(completed|incomplete|failed)$/.exec(type)?.[1],
    }),
    finishes: { stop: "completed", length: "incomplete", content_filter: "incomplete", refusal: "completed" },
  },
  gemini: {
    path: "/v1beta/models/any:streamGenerateContent?alt=sse",
    body: { contents: [{ role: "user", parts: [{ text: "hi" }] }] },
    sdk: (base, fetch, { contents }) =>
      new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: base, fetch } }).models.generateContentStream({
        model,
        contents,
      }),
    read: ({ candidates: [candidate] = [] }) => ({
      text: candidate?.content?.parts?.map((part) => part.text).join(""),
      finish: candidate?.finishReason,
    }),
    finishes: { stop: "STOP", length: "MAX_TOKENS", content_filter: "SAFETY", refusal: "PROHIBITED_CONTENT" },
  },
  // Events with ids and no protocol: watched only if the caller sets the option. There is no SDK.
  sse: {
    path: "/sse",
    body: { stream: true },
    options: { protocol: "sse" },
    read: () => ({}),
    finishes: { stop: "[DONE]" },
  },
};

/** Collects what a client gets of an answer. */
function makeReceived(protocol) {
  const received = {
    text: "",
    begins: 0,
    finishes: [],
    whole: "", // an answer that was not a stream
    resets: 0,
    retries: [],
    warnings: [],
    status: 0,
    failure: undefined,
    take(event) {
      const { begins, text, finish } = protocol.read(event);
      received.begins += begins ? 1 : 0;
      received.text += text ?? "";
      if (finish) {
        received.finishes.push(finish);
      }
    },
    message(event, data) {
      if (protocol === protocols.sse) {
        if (event === "done") {
          received.finishes.push(data);
        } else {
          received.text += data;
        }
      } else if (data !== "[DONE]") {
        const parsed = JSON.parse(data);
        received.whole = data;
        received.take(parsed);
      }
    },
    forget() {
      received.text = "";
      received.begins = 0;
      received.finishes = [];
      received.resets++;
    },
  };
  return received;
}

/** The events of a complete body. */
function* eventsOf(body) {
  for (const block of body.replace(/^\ufeff/, "").split(/\r\n\r\n|\n\n|\r\r/)) {
    let event = "message";
    const data = [];
    for (const line of block.split(/\r\n|\n|\r/)) {
      const [, name, value] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
      if (name === "event") {
        event = value;
      } else if (name === "data") {
        data.push(value);
      }
    }
    if (data.length > 0) {
      yield [event, data.join("\n")];
    }
  }
}

/**
 * Sends one request and returns what the client got. `how` is "sdk" or "fetch",
 * both through createFetch, or "stream". Without options the runtime's own fetch
 * is used.
 */
export async function ask(how, name, base, options, { headers = {}, body = {}, init, asRequest } = {}) {
  const protocol = protocols[name];
  const received = makeReceived(protocol);
  const hooked = {
    ...protocol.options,
    ...options,
    onRetry: (retry) => received.retries.push(retry),
    onWarning: (rule) => received.warnings.push(rule),
  };
  const survive = options ? createFetch(hooked) : globalThis.fetch;
  // Records the status of each response.
  const fetch = async (...args) => {
    const response = await survive(...args);
    received.status = response.status;
    return response;
  };
  const whole = { ...protocol.body, ...body };
  let request = [
    base + protocol.path,
    {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(whole),
      ...init?.(whole),
    },
  ];
  if (asRequest) {
    request = [new Request(...request)];
  }
  try {
    if (how === "sdk") {
      for await (const event of await protocol.sdk(base, fetch, whole)) {
        received.take(event);
      }
    } else if (how === "fetch") {
      const response = await fetch(...request);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      try {
        for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
          text += piece.value;
        }
      } finally {
        if (response.ok) {
          received.whole = text;
          for (const [event, data] of eventsOf(text)) {
            received.message(event, data);
          }
        }
      }
    } else {
      for await (const event of stream(request[0], request[1], hooked)) {
        if (event.type === "message") {
          received.message(event.event, event.data);
        } else if (event.type === "reset") {
          received.forget();
        } else if (event.type === "error") {
          received.failure = event.error;
        }
      }
    }
  } catch (error) {
    received.failure = error;
  }
  return received;
}

/** The engine's error inside what an SDK throws, if there is one. */
export function retryErrorIn(error) {
  let at = error;
  while (at && !(at instanceof RetryError)) {
    at = at.cause;
  }
  return at;
}
