// What the servers beside this have in common: one question, asked for one tenant.
import { createController, stream } from "steadfetch";

/** Counts for /metrics, by outcome and kind of failure. */
export const metrics = new Map();

const count = (name) => metrics.set(name, (metrics.get(name) ?? 0) + 1);

/** All answers that are on their way. */
const answers = createController();

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
      controller: answers,
      // Where the provider limits each tenant by itself, though they share a key: one that is limited holds no other.
      // Left out, what shares a key and a model shares its limit.
      bucket: tenant,
      onAttempt: ({ outcome, attributes }) => count(`${outcome} ${attributes["error.type"] ?? "ok"}`),
    },
  );
}

/**
 * Ends a server of node:http: it takes no more requests, and answers on their way have time to end. Those that are late
 * are stopped, which their pages are told. `process.on("SIGTERM", () => shutDown(server))`
 */
export async function shutDown(server, patienceMs = 20_000) {
  const late = setTimeout(() => answers.stop(), patienceMs);
  server.keepAliveTimeout = 1; // or connections whose answer ends from now on would stay for 5 s
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(late);
}
