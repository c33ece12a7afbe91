// The SDKs unchanged, with their own retries: what an application uses today.

const user = [{ role: "user", content: "Hello!" }];
const apiKey = "none";

/** name: the package. label: a short name. protocol: a key of protocols.js. ask: yields the pieces of an answer. */
export const sdks = {
  openai: {
    name: "openai",
    label: "openai",
    protocol: "chat",
    load: () => import("./vendor/openai.js"),
    async *ask({ default: OpenAI }, { base, fetch, signal }) {
      const client = new OpenAI({ baseURL: `${base}/v1`, apiKey, fetch, dangerouslyAllowBrowser: true });
      const stream = await client.chat.completions.create({ model: "gpt-5", messages: user, stream: true }, { signal });
      for await (const chunk of stream) {
        yield chunk.choices[0]?.delta?.content ?? "";
      }
    },
  },
  anthropic: {
    name: "@anthropic-ai/sdk",
    label: "Anthropic",
    protocol: "anthropic",
    load: () => import("./vendor/anthropic.js"),
    async *ask({ default: Anthropic }, { base, fetch, signal }) {
      const client = new Anthropic({ baseURL: base, apiKey, fetch, dangerouslyAllowBrowser: true });
      const body = { model: "claude-opus-4", max_tokens: 1024, messages: user, stream: true };
      for await (const event of await client.messages.create(body, { signal })) {
        yield event.type === "content_block_delta" ? event.delta.text : "";
      }
    },
  },
  ai: {
    name: "ai",
    label: "AI SDK",
    protocol: "chat",
    load: () => import("./vendor/ai.js"),
    async *ask({ streamText, createOpenAI }, { base, fetch, signal }) {
      const provider = createOpenAI({ baseURL: `${base}/v1`, apiKey, fetch });
      let failure;
      const result = streamText({
        model: provider.chat("gpt-5"),
        messages: user,
        abortSignal: signal,
        onError: ({ error }) => {
          failure = error;
        },
      });
      for await (const text of result.textStream) {
        yield text;
      }
      if (failure) {
        throw failure;
      }
    },
  },
};
