import { ask } from "../../ask.js";

export const runtime = "edge";

export async function GET(request) {
  return Response.json(await ask(new URL(request.url).searchParams.get("base")));
}
