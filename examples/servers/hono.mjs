// Hono, on any runtime
import { Hono } from "hono";
import { toResponse } from "steadfetch";
import { answer } from "./answer.mjs";

export const app = new Hono();

app.post("/api/chat", async (c) =>
  toResponse(answer(await c.req.json(), { signal: c.req.raw.signal, tenant: c.req.header("x-tenant") })),
);
