import { createFetch } from "steadfetch";

/** Streams one answer, as an application does. Returns its text and the kinds of the failures on the way. */
export async function ask(base) {
  const kinds = [];
  const guarded = createFetch({ initialDelayMs: 30, onRetry: ({ kind }) => kinds.push(kind) });
  const response = await guarded(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Tell me." }] }),
  });
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: {"));
  return { text: lines.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? "").join(""), kinds };
}
