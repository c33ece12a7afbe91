import { stream, toResponse } from "steadfetch";

/** A chat with the key on the server. The request ends when the page goes away. */
export async function POST(request: Request) {
  const { OPENAI_API_KEY, OPENAI_BASE_URL = "https://api.openai.com/v1" } = process.env;
  const { prompt } = await request.json();
  const init = {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${OPENAI_API_KEY}` },
    body: JSON.stringify({ model: "gpt-5", stream: true, messages: [{ role: "user", content: String(prompt) }] }),
    signal: request.signal,
  };
  return toResponse(stream(`${OPENAI_BASE_URL}/chat/completions`, init, { maxElapsedMs: 120_000 }));
}
