// How to request a streamed answer in each protocol.

/**
 * name: shown on the page. provider: a hint for the engine, which cannot tell it from the URL here.
 * path, body: the request for a conversation of {role: "user" | "assistant", text}.
 */
export const protocols = {
  anthropic: {
    name: "Anthropic",
    provider: "anthropic",
    path: "/v1/messages",
    body: (turns) => ({ model: "claude-opus-4", max_tokens: 1024, stream: true, messages: plain(turns) }),
  },
  chat: {
    name: "OpenAI chat",
    provider: "openai",
    path: "/v1/chat/completions",
    body: (turns) => ({ model: "gpt-5", stream: true, messages: plain(turns) }),
  },
  responses: {
    name: "Responses",
    provider: "openai",
    path: "/v1/responses",
    body: (turns) => ({ model: "gpt-5", stream: true, input: plain(turns) }),
  },
  gemini: {
    name: "Gemini",
    provider: "google",
    path: "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
    body: (turns) => ({
      contents: turns.map(({ role, text }) => ({ role: role === "user" ? "user" : "model", parts: [{ text }] })),
    }),
  },
};

const plain = (turns) => turns.map(({ role, text }) => ({ role, content: text }));

/** The arguments for fetch or `stream`: the URL and the init object. */
export function requestOf(id, base, turns) {
  const { path, body } = protocols[id];
  const init = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body(turns)),
  };
  return [base + path, init];
}
