// Shared by the servers in this folder: asks one question for one tenant.
import { createController, stream } from "steadfetch";

/** Counters for /metrics, by outcome and kind of failure. */
export const metrics = new Map();

const count = (name) => metrics.set(name, (metrics.get(name) ?? 0) + 1);

/** Controls all answers that are still streaming. */
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
      // Set this if the provider limits each tenant separately although they share a key: then a limited tenant does not
      // delay the others. Without it, all requests with the same key and model share one limit.
      bucket: tenant,
      onAttempt: ({ outcome, attributes }) => count(`${outcome} ${attributes["error.type"] ?? "ok"}`),
    },
  );
}

/**
 * Shuts down a server of node:http: it accepts no more requests, and open answers get `patienceMs` to end. Then they are
 * stopped, and their pages get an error event. `process.on("SIGTERM", () => shutDown(server))`
 */
export async function shutDown(server, patienceMs = 20_000) {
  const late = setTimeout(() => answers.stop(), patienceMs);
  server.keepAliveTimeout = 1; // otherwise a connection stays open for 5 s after its answer
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(late);
}
