// What the servers beside this have in common: one question, asked for one tenant.
import { stream } from "steadfetch";

/** Counts for /metrics, by outcome and kind of failure. */
export const metrics = new Map();

const count = (name) => metrics.set(name, (metrics.get(name) ?? 0) + 1);

/** Streams the answer to a page's question. The signal is aborted when the page goes away. */
export function answer({ prompt }, { signal, tenant }) {
  return stream(
    `${process.env.OPENAI_BASE_URL ?? "https://api.openai.com/v1"}/chat/completions`,
    {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
      body: JSON.stringify({ model: "gpt-5", stream: true, messages: [{ role: "user", content: prompt }] }),
      signal,
    },
    {
      maxElapsedMs: 120_000,
      // Tenants that share a key share its limit; with keys of their own, leave it out.
      bucket: tenant,
      onAttempt: ({ outcome, attributes }) => count(`${outcome} ${attributes["error.type"] ?? "ok"}`),
    },
  );
}
