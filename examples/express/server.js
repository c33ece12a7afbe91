// A chat with its key on the server: `OPENAI_API_KEY=… npm start`
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import express from "express";
import { createController, stream, toResponse } from "steadfetch";

const { OPENAI_API_KEY, OPENAI_BASE_URL = "https://api.openai.com/v1", PORT = 3000 } = process.env;
const answers = createController();
const app = express();

app.post("/api/chat", express.json(), async (request, response) => {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const init = {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${OPENAI_API_KEY}` },
    body: JSON.stringify({
      model: "gpt-5",
      stream: true,
      messages: [{ role: "user", content: String(request.body.prompt) }],
    }),
    signal: gone.signal,
  };
  const relay = toResponse(
    stream(`${OPENAI_BASE_URL}/chat/completions`, init, { controller: answers, maxElapsedMs: 120_000 }),
  );
  response.writeHead(relay.status, Object.fromEntries(relay.headers));
  await pipeline(Readable.fromWeb(relay.body), response).catch(() => {}); // the page is gone
});

// The page needs no bundler: its import map points to the package.
app.use("/steadfetch", express.static(fileURLToPath(new URL(".", import.meta.resolve("steadfetch")))));
app.use(express.static(fileURLToPath(new URL("public", import.meta.url))));

const server = app.listen(PORT, () => console.log(`http://localhost:${server.address().port}`));

// On SIGTERM accept no more requests, and give open answers 20 s to end. Then stop them; their pages get an error event.
process.once("SIGTERM", () => {
  server.keepAliveTimeout = 1;
  server.close();
  setTimeout(() => answers.stop(), 20_000).unref();
});
