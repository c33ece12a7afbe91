// Answers as providers send them, for the measurements.

const words = ["A", " stream", " may", " pause", ",", " yet", " every", " word", " counts", "."];

const typed = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const plain = (data) => `data: ${JSON.stringify(data)}\n\n`;
const chunk = (delta, finish_reason = null) =>
  plain({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1764000000,
    model: "gpt-5",
    choices: [{ index: 0, delta, finish_reason }],
  });
const done = `${chunk({}, "stop")}data: [DONE]\n\n`;

/** For each kind of stream its address, its first events, an event for a word, and its end. */
const kinds = {
  "OpenAI chat": ["/v1/chat/completions", "", (content) => chunk({ content }), done],
  "OpenAI chat, reasoning": ["/v1/chat/completions", "", (word) => chunk({ reasoning_content: word }), done],
  "OpenAI chat, tool arguments": [
    "/v1/chat/completions",
    "",
    (word) => chunk({ tool_calls: [{ index: 0, function: { arguments: word } }] }),
    done,
  ],
  "Anthropic Messages": [
    "/v1/messages",
    typed({ type: "message_start", message: { id: "m", role: "assistant", content: [] } }) +
      typed({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    (text) => typed({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
    typed({ type: "message_delta", delta: { stop_reason: "end_turn" } }) + typed({ type: "message_stop" }),
  ],
  "OpenAI Responses": [
    "/v1/responses",
    typed({ type: "response.created", sequence_number: 0, response: { id: "r" } }),
    (delta, n) =>
      typed({
        type: "response.output_text.delta",
        sequence_number: n,
        item_id: "msg_1",
        output_index: 0,
        content_index: 0,
        delta,
        logprobs: [],
        obfuscation: "a8Gw0Pz1q7".slice(0, 1 + (n % 10)),
      }),
    typed({ type: "response.completed", sequence_number: 1e6, response: { id: "r", output: [{ type: "message" }] } }),
  ],
  Gemini: [
    "/v1beta/models/gemini:streamGenerateContent?alt=sse",
    "",
    (text, n) =>
      plain({
        candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0 }],
        usageMetadata: { promptTokenCount: 9, candidatesTokenCount: n, totalTokenCount: 9 + n },
        modelVersion: "gemini-2.5-flash",
      }),
    plain({ candidates: [{ content: { parts: [{ text: "." }], role: "model" }, finishReason: "STOP", index: 0 }] }),
  ],
};

/** The names of the kinds of streams. */
export const names = Object.keys(kinds);

/** A stream of a kind: its address, about `size` bytes of it, and where each of its events ends. */
export function answer(kind, size) {
  const [path, begin, event, end] = kinds[kind];
  const events = [begin];
  let length = 0;
  for (let n = 1; length < size; n++) {
    const text = event(words[n % words.length], n);
    events.push(text);
    length += text.length;
  }
  return { url: `https://h.example${path}`, pieces: [...events, end].filter(Boolean) };
}

/** One event of n bytes in OpenAI's chat, and its end. */
export const large = (n) => ({
  url: "https://h.example/v1/chat/completions",
  pieces: [chunk({ content: "x".repeat(n) }), done],
});
