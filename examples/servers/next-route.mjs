// Next.js: app/api/chat/route.js
import { toResponse } from "steadfetch";
import { answer } from "./answer.mjs";

export async function POST(request) {
  const tenant = request.headers.get("x-tenant") ?? undefined;
  return toResponse(answer(await request.json(), { signal: request.signal, tenant }));
}
