// Express: `node express.mjs`
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import express from "express";
import { toResponse } from "steadfetch";
import { answer } from "./answer.mjs";

export const app = express();

app.post("/api/chat", express.json(), async (request, response) => {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const relay = toResponse(answer(request.body, { signal: gone.signal, tenant: request.get("x-tenant") }));
  response.writeHead(relay.status, Object.fromEntries(relay.headers));
  await pipeline(Readable.fromWeb(relay.body), response).catch(() => {}); // the page is gone
});
