// What an application in a browser does: the SDKs unchanged, with our fetch.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createFetch } from "steadfetch";

const asks = {
  openai: async function* (base, fetch) {
    const client = new OpenAI({
      baseURL: `${base}/v1`,
      apiKey: "none",
      dangerouslyAllowBrowser: true,
      maxRetries: 0,
      fetch,
    });
    const messages = [{ role: "user", content: "Hello!" }];
    for await (const chunk of await client.chat.completions.create({ model: "gpt-5", messages, stream: true })) {
      yield chunk.choices[0]?.delta?.content ?? "";
    }
  },
  anthropic: async function* (base, fetch) {
    const client = new Anthropic({
      baseURL: base,
      apiKey: "none",
      dangerouslyAllowBrowser: true,
      maxRetries: 0,
      fetch,
    });
    const messages = [{ role: "user", content: "Hello!" }];
    const body = { model: "claude-opus-4", max_tokens: 1024, messages, stream: true };
    for await (const event of await client.messages.create(body)) {
      yield event.type === "content_block_delta" ? event.delta.text : "";
    }
  },
};

/** One chat. An exception is returned as `error`. */
globalThis.chat = async (sdk, base, options) => {
  const retries = [];
  let text = "";
  try {
    const fetch = createFetch({ ...options, onRetry: (event) => retries.push(event) });
    for await (const token of asks[sdk](base, fetch)) {
      text += token;
    }
  } catch ({ name, message, status, code, cause }) {
    return {
      text,
      retries,
      error: { name, message, status, code, cause: cause && { name: cause.name, reason: cause.reason } },
    };
  }
  return { text, retries };
};
document.documentElement.dataset.ready = "";
