// How each protocol asks for a streamed answer, and where its events carry text.

/**
 * name: for people. provider: the engine's hint, since the address here does not tell.
 * path, body: the request for a conversation of {role: "user" | "assistant", text}.
 * text: what one event adds to the answer.
 */
export const protocols = {
  anthropic: {
    name: "Anthropic",
    provider: "anthropic",
    path: "/v1/messages",
    body: (turns) => ({ model: "claude-opus-4", max_tokens: 1024, stream: true, messages: plain(turns) }),
    text: (event) => (event.type === "content_block_delta" ? event.delta.text : ""),
  },
  chat: {
    name: "OpenAI chat",
    provider: "openai",
    path: "/v1/chat/completions",
    body: (turns) => ({ model: "gpt-5", stream: true, messages: plain(turns) }),
    text: (event) => event.choices?.[0]?.delta?.content,
  },
  responses: {
    name: "Responses",
    provider: "openai",
    path: "/v1/responses",
    body: (turns) => ({ model: "gpt-5", stream: true, input: plain(turns) }),
    text: (event) => (event.type === "response.output_text.delta" ? event.delta : ""),
  },
  gemini: {
    name: "Gemini",
    provider: "google",
    path: "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
    body: (turns) => ({
      contents: turns.map(({ role, text }) => ({ role: role === "user" ? "user" : "model", parts: [{ text }] })),
    }),
    text: (event) => event.candidates?.[0]?.content?.parts?.map((part) => part.text ?? "").join(""),
  },
};

const plain = (turns) => turns.map(({ role, text }) => ({ role, content: text }));

/** The text that a message of a stream adds; "" for everything else, such as `[DONE]`. */
export function textOf(protocol, data) {
  try {
    return protocol.text(JSON.parse(data)) || "";
  } catch {
    return "";
  }
}
