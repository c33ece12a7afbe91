// Fastify
import { Readable } from "node:stream";
import fastify from "fastify";
import { toResponse } from "steadfetch";
import { answer } from "./answer.mjs";

export const app = fastify({ forceCloseConnections: true });

app.post("/api/chat", (request, reply) => {
  const gone = new AbortController();
  reply.raw.on("close", () => gone.abort());
  const relay = toResponse(answer(request.body, { signal: gone.signal, tenant: request.headers["x-tenant"] }));
  return reply.headers(Object.fromEntries(relay.headers)).send(Readable.fromWeb(relay.body));
});
