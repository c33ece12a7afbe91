// How to configure each SDK to use our fetch and not to retry by itself, and how to read a streamed answer. The SDKs are
// passed in, so that the same code runs in Node.js and in a page, with different versions.

const prompt = "Tell me.";
const messages = [{ role: "user", content: prompt }];
const model = "m";
const key = "none";

/**
 * By name: the `packages` that `ask` gets as its first argument, in that order; `notIn`, the places where it cannot run,
 * with the reason; `options` of createFetch that it needs; and `ask(packages, base, fetch)`, which yields pieces of the
 * answer's text.
 */
export const clients = {
  "openai, chat": {
    packages: ["openai"],
    async *ask([{ default: OpenAI }], base, fetch) {
      const baseURL = `${base}/v1`;
      const client = new OpenAI({ baseURL, apiKey: key, dangerouslyAllowBrowser: true, maxRetries: 0, fetch });
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
        yield chunk.choices[0]?.delta?.content ?? "";
    },
  },
  "openai, responses": {
    packages: ["openai"],
    async *ask([{ default: OpenAI }], base, fetch) {
      const baseURL = `${base}/v1`;
      const client = new OpenAI({ baseURL, apiKey: key, dangerouslyAllowBrowser: true, maxRetries: 0, fetch });
      for await (const event of await client.responses.create({ model, input: prompt, stream: true }))
        yield event.type === "response.output_text.delta" ? event.delta : "";
    },
  },
  "@anthropic-ai/sdk": {
    packages: ["@anthropic-ai/sdk"],
    async *ask([{ default: Anthropic }], baseURL, fetch) {
      const client = new Anthropic({ baseURL, apiKey: key, dangerouslyAllowBrowser: true, maxRetries: 0, fetch });
      for await (const event of await client.messages.create({ model, max_tokens: 999, messages, stream: true }))
        yield event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : "";
    },
  },
  "ai, streamText (chat)": {
    packages: ["ai", "@ai-sdk/openai"],
    async *ask([{ streamText }, { createOpenAI }], base, fetch) {
      const provider = createOpenAI({ baseURL: `${base}/v1`, apiKey: key, fetch });
      yield* textOf(streamText({ model: provider.chat(model), prompt, maxRetries: 0 }));
    },
  },
  "ai, streamText (responses)": {
    packages: ["ai", "@ai-sdk/openai"],
    async *ask([{ streamText }, { createOpenAI }], base, fetch) {
      const provider = createOpenAI({ baseURL: `${base}/v1`, apiKey: key, fetch });
      yield* textOf(streamText({ model: provider.responses(model), prompt, maxRetries: 0 }));
    },
  },
  "ai, DefaultChatTransport": {
    packages: ["ai"],
    async *ask([{ DefaultChatTransport, readUIMessageStream }], base, fetch) {
      const transport = new DefaultChatTransport({ api: `${base}/api/chat`, fetch });
      const stream = await transport.sendMessages({
        trigger: "submit-message",
        chatId: "c",
        messages: [{ id: "q", role: "user", parts: [{ type: "text", text: prompt }] }],
        abortSignal: undefined,
      });
      let message;
      let failure;
      const onError = (error) => {
        failure = error;
      };
      for await (message of readUIMessageStream({ stream, onError }));
      if (failure) throw failure;
      yield message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    },
  },
  "@google/genai": {
    packages: ["@google/genai"],
    async *ask([{ GoogleGenAI }], baseUrl, fetch) {
      const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl, fetch } });
      for await (const chunk of await client.models.generateContentStream({ model, contents: prompt }))
        yield chunk.text ?? "";
    },
  },
  "@langchain/openai": {
    packages: ["@langchain/openai"],
    async *ask([{ ChatOpenAI }], base, fetch) {
      const configuration = { baseURL: `${base}/v1`, fetch, dangerouslyAllowBrowser: true };
      const chat = new ChatOpenAI({ model, apiKey: key, maxRetries: 0, configuration });
      for await (const chunk of await chat.stream(prompt)) yield chunk.content;
    },
  },
  "@mistralai/mistralai": {
    packages: ["@mistralai/mistralai"],
    async *ask([{ Mistral, HTTPClient }], serverURL, fetch) {
      const httpClient = new HTTPClient({ fetcher: fetch });
      const client = new Mistral({ serverURL, apiKey: key, httpClient, retryConfig: { strategy: "none" } });
      for await (const { data } of await client.chat.stream({ model, messages }))
        yield data.choices[0]?.delta?.content ?? "";
    },
  },
  "@microsoft/fetch-event-source": {
    packages: ["@microsoft/fetch-event-source"],
    notIn: { "Node.js": "it needs a window and a document" },
    async *ask([{ fetchEventSource }], base, fetch) {
      const pieces = [];
      await fetchEventSource(`${base}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model, messages, stream: true }),
        fetch,
        openWhenHidden: true,
        onmessage({ data }) {
          if (data !== "[DONE]") pieces.push(JSON.parse(data).choices[0]?.delta?.content ?? "");
        },
        onerror(error) {
          throw error; // otherwise it retries by itself
        },
      });
      yield* pieces;
    },
  },
  eventsource: {
    packages: ["eventsource"],
    options: { protocol: "sse" }, // otherwise an event stream requested by GET is left alone
    async *ask([{ EventSource }], base, fetch) {
      const pieces = [];
      const source = new EventSource(`${base}/sse`, { fetch });
      try {
        await new Promise((resolve, reject) => {
          source.onmessage = ({ data }) => pieces.push(data);
          source.onerror = (event) => reject(new Error(`eventsource: ${event.message}`));
          source.addEventListener("done", resolve);
        });
      } finally {
        source.close(); // otherwise it reconnects after every end
      }
      yield* pieces;
    },
  },
};

/** The text of streamText's answer, which reports failures only as a part of its stream. */
async function* textOf({ fullStream }) {
  for await (const part of fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta") yield part.text;
  }
}

/** Sends one request through a new createFetch. An exception is returned as `error`. */
export async function chat(createFetch, name, packages, base, options) {
  const retries = [];
  let text = "";
  try {
    const fetch = createFetch({
      ...options,
      ...clients[name].options,
      onRetry: ({ attempt, kind }) => retries.push({ attempt, kind }),
    });
    for await (const piece of clients[name].ask(packages, base, fetch)) text += piece;
  } catch (error) {
    return { text, retries, error: `${error?.stack ?? error}\n${error?.cause ?? ""}` };
  }
  return { text, retries };
}
