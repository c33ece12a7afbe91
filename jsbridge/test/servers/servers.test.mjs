// The servers of examples/servers, unchanged, between a page and a provider.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { serve } from "@hono/node-server";
import { stream } from "steadfetch";

const chunk = (content) =>
  `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content } }] })}\n\n`;
const end = `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`;

/** A provider whose prompt says what to do, and which counts open requests. */
const provider = { open: 0, failed: new Set() };
const upstream = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  const { content } = JSON.parse(body).messages[0];
  if (content.startsWith("busy") && !provider.failed.has(content)) {
    provider.failed.add(content);
    response.writeHead(429, { "retry-after-ms": "50" }).end('{"error":{"message":"slow down"}}');
    return;
  }
  if (content === "limited") {
    response.writeHead(429, { "retry-after": "60" }).end('{"error":{"message":"slow down"}}');
    return;
  }
  if (content === "forbidden") {
    response.writeHead(401).end('{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}');
    return;
  }
  provider.open++;
  response.on("close", () => provider.open--);
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(chunk("Hello, "));
  if (content !== "endless") response.end(chunk(content) + end);
});

const listen = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));

/** Node's requests as a Next.js route sees them, converted by hono's server. */
const route = async () => (await import("../../../examples/servers/next-route.mjs")).POST;

const kinds = {
  express: async () => {
    const { app } = await import("../../../examples/servers/express.mjs");
    const server = createServer(app);
    return { url: await listen(server), close: () => server.close() };
  },
  fastify: async () => {
    const { app } = await import("../../../examples/servers/fastify.mjs");
    return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
  },
  hono: async () => {
    const { app } = await import("../../../examples/servers/hono.mjs");
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
  },
  "a Next.js route": async () => {
    const server = serve({ fetch: await route(), port: 0, hostname: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
  },
};

const ask = (url, prompt, { tenant = "t1", ...more } = {}) =>
  stream(`${url}/api/chat`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-tenant": tenant },
    body: JSON.stringify({ prompt }),
    ...more,
  });

const textOf = async (events) => {
  let text = "";
  for await (const event of events) text += event.text ?? "";
  return text;
};

async function until(condition) {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(condition());
}

before(async () => {
  process.env.OPENAI_BASE_URL = await listen(upstream);
});
after(() => {
  upstream.closeAllConnections();
  upstream.close();
});

for (const [name, start] of Object.entries(kinds)) {
  describe(name, () => {
    let server;
    before(async () => {
      server = await start();
    });
    after(() => server.close());

    test("the page sees the retry, the answer and its end", async () => {
      const events = [];
      for await (const event of ask(server.url, `busy ${name}`)) events.push(event);
      const retry = events.find(({ type }) => type === "retry");
      assert.equal(retry.retry.kind, "rate_limit");
      assert.equal(events.map(({ text = "" }) => text).join(""), `Hello, busy ${name}`);
      assert.deepEqual(events.at(-1), { type: "finish", reason: "stop" });
    });

    test("the page sees why the request failed", async () => {
      const events = [];
      for await (const event of ask(server.url, "forbidden")) events.push(event);
      assert.equal(events.length, 1);
      assert.equal(events[0].verdict.kind, "auth");
      assert.equal(events[0].verdict.status, 401);
    });

    test("when the page goes away, so does the request to the provider", async () => {
      const gone = new AbortController();
      await assert.rejects(async () => {
        for await (const event of ask(server.url, "endless", { signal: gone.signal })) {
          if (event.text) {
            assert.equal(provider.open, 1);
            gone.abort(new Error("closed"));
          }
        }
      }, /closed/);
      await until(() => provider.open === 0);
    });
  });
}

test("500 streams at once, and the metrics count them", async () => {
  const server = await kinds.express();
  const { metrics } = await import("../../../examples/servers/answer.mjs");
  const before = metrics.get("finish ok") ?? 0;
  const prompts = Array.from({ length: 500 }, (_, i) => `number ${i}`);
  assert.deepEqual(
    await Promise.all(prompts.map((prompt) => textOf(ask(server.url, prompt)))),
    prompts.map((prompt) => `Hello, ${prompt}`),
  );
  assert.equal(metrics.get("finish ok") - before, 500);
  await until(() => provider.open === 0);
  server.close();
});

test("a limited tenant waits, and no other does", async () => {
  const server = await kinds.express();
  const limited = ask(server.url, "limited", { tenant: "a" });
  assert.equal((await limited.next()).value.retry.kind, "rate_limit");
  const held = ask(server.url, "after it", { tenant: "a" });
  assert.equal((await held.next()).value.retry.attempt, 0); // this request itself has not failed
  assert.equal(await textOf(ask(server.url, "beside it", { tenant: "b" })), "Hello, beside it");
  await Promise.all([limited.return(), held.return()]);
  server.close();
});

test("a server that shuts down finishes its answers, and tells the pages which ones it stopped", async () => {
  const { app } = await import("../../../examples/servers/express.mjs");
  const { shutDown } = await import("../../../examples/servers/answer.mjs");
  const server = createServer(app);
  const url = await listen(server);
  const late = ask(url, "endless");
  assert.equal((await late.next()).value.text, "Hello, ");
  const finished = textOf(ask(url, "in time"));
  await until(() => provider.open === 1); // the other one has been answered
  const down = shutDown(server, 100);
  await assert.rejects(fetch(url), "it accepts no more requests");
  assert.equal(await finished, "Hello, in time");
  const { value } = await late.next();
  assert.deepEqual([value.type, value.verdict.kind], ["error", "stopped_by_user"]);
  await down;
  await until(() => provider.open === 0);
});
