// The demo in the terminal: two real SDKs chat through faults, with nothing but
// createFetch in between. Then it serves the page.
import { readFileSync } from "node:fs";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createFetch } from "steadfetch";
import { startProvider } from "./provider.mjs";
import { startServer } from "./server.mjs";

const live = Boolean(process.stdout.isTTY);
const once = process.argv.includes("--once") || !live || !process.stdin.isTTY;
const width = Math.min(process.stdout.columns || 100, 100);
const indent = "    ";

const text =
  "A stream may pause, stutter or break, yet every word counts. Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, " +
  "byte after byte, until the very last one.";

// What the provider does to the first attempt; from the second on all is well.
// `asked` is how long it asks to wait, in ms. Each protocol has its own status for
// an overload that comes inside a stream.
const faults = [
  { name: "429 with Retry-After: 2", fault: { status: 429, headers: { "retry-after": "2" } }, asked: 2000 },
  { name: "529", fault: { status: 529 } },
  { name: "an overload inside the stream, before output", fault: { kind: "error" } },
  { name: "a connection reset before output", fault: { kind: "reset" } },
  { name: "a stream that just ends before output", fault: { kind: "eof" } },
];

// How each SDK is asked. This is the whole of what an application has to write.
const overload = { openai: 503, "@anthropic-ai/sdk": 529 };
const clients = {
  openai: async function* (base, fetch) {
    const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "none", maxRetries: 0, fetch });
    const stream = await client.chat.completions.create({
      model: "gpt-5",
      messages: [{ role: "user", content: "Hello!" }],
      stream: true,
    });
    for await (const chunk of stream) {
      yield chunk.choices[0]?.delta?.content ?? "";
    }
  },
  "@anthropic-ai/sdk": async function* (base, fetch) {
    const client = new Anthropic({ baseURL: base, apiKey: "none", maxRetries: 0, fetch });
    const stream = await client.messages.create({
      model: "claude-opus-4",
      max_tokens: 1024,
      messages: [{ role: "user", content: "Hello!" }],
      stream: true,
    });
    for await (const event of stream) {
      yield event.type === "content_block_delta" ? event.delta.text : "";
    }
  },
};

const paint = (code) => (words) => (live && !process.env.NO_COLOR ? `\x1b[${code}m${words}\x1b[0m` : words);
const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);
const amber = paint(33);

const write = (words) => process.stdout.write(words);
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
const seconds = (ms, digits) => `${(ms / 1000).toFixed(digits)} s`;

/** Shows a retry event on one line, which counts down where a terminal can show that. */
function countdown({ title, attempt, retryingAt: at }) {
  const end = Date.parse(at);
  const line = () => {
    const left = Math.max(Math.ceil((end - Date.now()) / 1000), 0);
    return `${indent}${amber("↻")} ${amber(title)} · retrying in ${left} s (attempt ${attempt})`;
  };
  if (!live) {
    write(`${line()}\n`);
    return () => {};
  }
  let shown = "";
  const draw = (now) => {
    if (now !== shown) {
      shown = now;
      write(`\r\x1b[K${now}`);
    }
  };
  const first = line();
  draw(first);
  const timer = setInterval(() => draw(line()), 100);
  return () => {
    clearInterval(timer);
    draw(first); // what stays on the screen is the event as it came
    write("\n");
  };
}

/** The columns that words take: East Asian characters and emoji take two. */
const columns = (words) => [...words].reduce((n, c) => n + (c > "\u2e7f" ? 2 : 1), 0);

/** Writes words as soon as they are whole, and breaks lines between them. */
function typewriter() {
  let column = 0;
  let word = "";
  function flush() {
    if (word) {
      if (column > 0 && column + columns(word.trimEnd()) > width - indent.length) {
        column = 0;
        write("\n");
      }
      write(column === 0 ? indent + word : word);
      column += columns(word);
      word = "";
    }
  }
  return {
    type(token) {
      for (const piece of token.split(/(?<= )/)) {
        word += piece;
        if (word.endsWith(" ")) {
          flush();
        }
      }
    },
    end() {
      flush();
      if (column > 0) {
        write("\n");
      }
    },
  };
}

/** One chat through one fault. Returns what was wrong with it, or nothing. */
async function chat(ask, provider, { name, fault, asked = 0 }, overloadStatus) {
  write(`  ${name}\n`);
  const first = fault.kind === "error" ? { ...fault, status: overloadStatus } : fault;
  const run = await provider.newRun({ text, token_delay_ms: 15, faults: [first] });
  let stopCountdown = () => {};
  let events = 0;
  const paper = typewriter();
  const fetch = createFetch({
    onRetry(event) {
      events++;
      stopCountdown = countdown(event);
    },
    onStatus({ state }) {
      if (state !== "waiting") {
        stopCountdown();
        stopCountdown = () => {};
      }
    },
  });
  let got = "";
  let thrown;
  try {
    for await (const token of ask(run.base, fetch)) {
      got += token;
      paper.type(token);
    }
  } catch (error) {
    thrown = error;
  }
  stopCountdown();
  paper.end();

  const { requests } = await provider.log(run.id);
  const waited = requests.length === 2 ? requests[1].at_ms - requests[0].done_ms : Number.NaN;
  const wrong = [
    thrown && `${thrown.name}: ${thrown.message}`,
    got !== text && "the text is not what was sent",
    requests.length !== 2 && "not 2 requests",
    events !== 1 && `${plural(events, "retry event")} instead of 1`,
    waited < asked && "sooner than asked",
  ].filter(Boolean);
  const facts = [
    `exact text: ${got === text ? "yes" : "no"}`,
    `requests: ${requests.length}`,
    `waited ${seconds(waited, 2)}${asked ? `, asked for ${seconds(asked, 0)}` : ""}`,
  ].join(" · ");
  write(`${indent}${wrong.length > 0 ? red(`✗ ${facts}: ${wrong.join(", ")}`) : green(`✓ ${facts}`)}\n\n`);
  return wrong.length === 0;
}

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

async function main() {
  const began = performance.now();
  const provider = await startProvider();
  let good = 0;
  let all = 0;
  write(`\n${bold("steadfetch")} ${dim("against a provider that fails on command")}\n\n`);
  for (const [name, ask] of Object.entries(clients)) {
    write(`${bold(`${name} ${versionOf(name)}`)} ${dim("with { fetch: createFetch(), maxRetries: 0 }")}\n\n`);
    for (const fault of faults) {
      all++;
      good += await chat(ask, provider, fault, overload[name]);
    }
  }
  const sum = `${good} of ${plural(all, "fault")} survived, in ${seconds(performance.now() - began, 1)}`;
  write(`${good === all ? green(bold(sum)) : red(bold(sum))}\n`);

  const server = await startServer({ provider: provider.url, port: Number(process.env.PORT ?? 0) });
  const page = await fetch(server.url);
  const served = page.ok && (await page.text()).includes("<title>steadfetch");
  write(
    served
      ? `The same in a browser: ${bold(server.url)}${once ? "" : dim("  (Ctrl-C ends it)")}\n`
      : red(`The page is not served: HTTP ${page.status}\n`),
  );
  process.exitCode = good === all && served ? 0 : 1;
  if (!once) {
    await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
    write("\n");
  }
  await server.close();
  await provider.stop();
}

await main();
