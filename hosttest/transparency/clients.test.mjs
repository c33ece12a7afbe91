// Clients of streams that are no chat, as they are installed: what they hear through createFetch is what they hear
// through fetch, event by event and at the same time.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { isInitializeRequest, LoggingMessageNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { EventSource } from "eventsource";
import { createFetch } from "steadfetch";
import { z } from "zod";

const servers = new Set();
after(() => {
  for (const server of servers) server.closeAllConnections();
});

/** Serves on a free port of this machine, and counts the requests by method. */
async function serve(handle) {
  const requests = {};
  const server = createServer((req, res) => {
    requests[req.method] = (requests[req.method] ?? 0) + 1;
    handle(req, res);
  });
  servers.add(server);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return { url: new URL(`http://127.0.0.1:${server.address().port}`), requests };
}

const jsonOf = async (req) => {
  let text = "";
  for await (const piece of req) text += piece;
  return text ? JSON.parse(text) : undefined;
};

/** A server with tools that answer, that fail in every way, and that take their time. It counts their runs. */
function makeTools(runs) {
  const server = new McpServer({ name: "tools", version: "1.0.0" }, { capabilities: { logging: {} } });
  const tool = (name, inputSchema, run) =>
    server.registerTool(name, { description: name, inputSchema }, (...args) => {
      runs[name] = (runs[name] ?? 0) + 1;
      return run(...args);
    });
  tool("add", { a: z.number(), b: z.number() }, ({ a, b }) => ({ content: [{ type: "text", text: `${a + b}` }] }));
  tool("overloaded", {}, () => {
    throw new Error("overloaded_error: the model is overloaded, please try again");
  });
  tool("slow", {}, async ({ sendNotification, _meta }) => {
    for (let progress = 1; progress <= 3; progress++) {
      await sleep(400);
      await sendNotification({
        method: "notifications/progress",
        params: { progressToken: _meta.progressToken, progress, total: 3 },
      });
    }
    return { content: [{ type: "text", text: "done" }] };
  });
  tool("chatty", {}, async ({ sendNotification }) => {
    await sendNotification({
      method: "notifications/message",
      params: { level: "error", data: "rate limit exceeded" },
    });
    return { content: [{ type: "text", text: "said" }] };
  });
  return server;
}

/** Serves MCP over Streamable HTTP; with `json` its answers are no streams. */
async function serveStreamable(runs, json) {
  const sessions = new Map();
  return serve(async (req, res) => {
    const body = req.method === "POST" ? await jsonOf(req) : undefined;
    let transport = sessions.get(req.headers["mcp-session-id"]);
    if (!transport && isInitializeRequest(body)) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableJsonResponse: json,
        onsessioninitialized: (id) => sessions.set(id, transport),
      });
      await makeTools(runs).connect(transport);
    }
    if (transport) {
      await transport.handleRequest(req, res, body);
    } else {
      res.writeHead(404).end();
    }
  });
}

/** Serves MCP over its older transport: a GET for the events, and a POST for each message. */
async function serveEvents(runs) {
  const sessions = new Map();
  return serve(async (req, res) => {
    if (req.method === "GET") {
      const transport = new SSEServerTransport("/messages", res);
      sessions.set(transport.sessionId, transport);
      await makeTools(runs).connect(transport);
      return;
    }
    const id = new URL(req.url, "http://localhost").searchParams.get("sessionId");
    await sessions.get(id).handlePostMessage(req, res);
  });
}

/** A whole conversation, as the client hears it. */
async function converse(transport) {
  const heard = [];
  const note = async (what, promise) => {
    try {
      heard.push([what, await promise]);
    } catch (error) {
      heard.push([what, error.constructor.name, error.code, error.message]);
    }
  };
  const client = new Client({ name: "client", version: "1.0.0" });
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(["log", params]));
  await client.connect(transport);
  heard.push(client.getServerVersion());
  const tools = await client.listTools();
  heard.push(tools.tools.map(({ name }) => name));
  await note("add", client.callTool({ name: "add", arguments: { a: 1, b: 2 } }));
  await note("a tool that is not there", client.callTool({ name: "send_mail", arguments: {} }));
  await note("arguments that are wrong", client.callTool({ name: "add", arguments: { a: "x" } }));
  await note("a tool that fails", client.callTool({ name: "overloaded", arguments: {} }));
  const at = [];
  const onprogress = () => at.push(performance.now());
  await note("slow", client.callTool({ name: "slow", arguments: {} }, undefined, { onprogress }));
  heard.push(["progress", at.length, at[2] - at[0] > 400 ? "one by one" : "all at once"]);
  await note("chatty", client.callTool({ name: "chatty", arguments: {} }));
  await note("a time-out", client.callTool({ name: "slow", arguments: {} }, undefined, { timeout: 100 }));
  await note("a method that is not there", client.request({ method: "no/such" }, z.any()));
  const many = Array.from({ length: 8 }, (_, a) => client.callTool({ name: "add", arguments: { a, b: 0 } }));
  heard.push((await Promise.all(many)).map(({ content }) => content[0].text));
  await sleep(1500); // what a time-out left behind
  await client.close();
  return heard;
}

/** Has both hear the same of servers of their own, in one and the same time. */
async function both(start, talk) {
  const sides = await Promise.all(
    [fetch, createFetch({ initialDelayMs: 10 })].map(async (send) => {
      const runs = {};
      const { url, requests } = await start(runs);
      return { heard: await talk(url, send), runs, requests };
    }),
  );
  assert.deepEqual(sides[1], sides[0]);
  return sides[0];
}

describe("MCP", { concurrency: true }, () => {
  for (const [kind, json] of Object.entries({ events: false, JSON: true })) {
    test(`over Streamable HTTP, answered with ${kind}`, { timeout: 240_000 }, async () => {
      const { runs } = await both(
        (runs) => serveStreamable(runs, json),
        async (url, fetch) => {
          const transport = new StreamableHTTPClientTransport(url, { fetch });
          return converse(transport);
        },
      );
      assert.equal(runs.overloaded, 1);
    });
  }

  test("over its older transport", { timeout: 240_000 }, async () => {
    const { runs } = await both(serveEvents, (url, fetch) => converse(new SSEClientTransport(url, { fetch })));
    assert.equal(runs.overloaded, 1);
  });

  test("over Streamable HTTP, without a server that lets go of a session", { timeout: 240_000 }, async () => {
    await both(
      () => serve((_, res) => res.writeHead(404).end()),
      async (url, fetch) => {
        const client = new Client({ name: "client", version: "1.0.0" });
        return client.connect(new StreamableHTTPClientTransport(url, { fetch })).then(
          () => "connected",
          (error) => [error.constructor.name, error.code, error.message.replaceAll(/:\d{4,5}/g, "")],
        );
      },
    );
  });
});

/** What an EventSource hears first, and whether more follows. */
async function listen(url, fetch, count, ...names) {
  const heard = [];
  const source = new EventSource(url, { fetch });
  const enough = new Promise((resolve) => {
    const hear = (event) => heard.push([...event, source.readyState]) === count && resolve();
    for (const name of ["open", "message", ...names]) {
      source.addEventListener(name, ({ type, data, lastEventId }) => hear([type, data, lastEventId]));
    }
    source.addEventListener("error", ({ message, code }) => hear(["error", message, code]));
  });
  await Promise.race([enough, sleep(8000)]);
  await sleep(400);
  source.close();
  return heard;
}

describe("EventSource", { concurrency: true }, () => {
  const events = { "content-type": "text/event-stream" };

  test("opens at once and stays quiet", async () => {
    const { heard } = await both(
      () => serve((_, res) => res.writeHead(200, events).write(":\n\n")),
      (url, fetch) => listen(url, fetch, 1),
    );
    assert.deepEqual(heard, [["open", undefined, undefined, 1]]);
  });

  test("hears events and errors of its own", async () => {
    const { heard } = await both(
      () =>
        serve((_, res) => {
          res.writeHead(200, events);
          res.write('id: 1\ndata: one\n\nevent: failure\ndata: {"error":{"type":"overloaded_error"}}\n\n');
        }),
      (url, fetch) => listen(url, fetch, 3, "failure"),
    );
    assert.equal(heard.length, 3);
  });

  test("reconnects by itself with its last id", async () => {
    const start = () =>
      serve((req, res) => {
        const last = Number(req.headers["last-event-id"] ?? 0);
        res.writeHead(200, events).end(`retry: 100\nid: ${last + 1}\ndata: ${last + 1}\n\n`);
      });
    const { heard } = await both(
      async () => ({ ...(await start()), requests: undefined }), // there is time for more of them, or less
      async (url, fetch) => (await listen(url, fetch, 6)).slice(0, 6),
    );
    assert.deepEqual(heard[4].slice(0, 3), ["message", "2", "2"]);
  });

  test("gives up on a 204, as told", async () => {
    const { requests } = await both(
      () => serve((_, res) => res.writeHead(204).end()),
      (url, fetch) => listen(url, fetch, 1),
    );
    assert.deepEqual(requests, { GET: 1 });
  });

  test("gives up on another type", async () => {
    await both(
      () => serve((_, res) => res.writeHead(200, { "content-type": "text/html" }).end("<p>502</p>")),
      (url, fetch) => listen(url, fetch, 1),
    );
  });
});
