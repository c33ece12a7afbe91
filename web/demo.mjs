// The demo in the terminal: two real SDKs chat through faults, alone and with createFetch, at the same time. It serves the
// page until it is stopped.
import { readFileSync } from "node:fs";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { createFetch } from "steadfetch";
import { startProvider } from "./provider.mjs";
import { startServer } from "./server.mjs";

const live = Boolean(process.stdout.isTTY);
const once = process.argv.includes("--once");
const width = Math.min(process.stdout.columns || 100, 100);
const indent = "    ";

const text =
  "A stream may pause, stutter or break, yet every word counts. Größe, Ελλάδα, 你好 and 日本語 arrive whole 🚀, " +
  "byte after byte, until the very last one.";

// What the provider does to the first attempt; the second one succeeds. `asked` is
// how long it asks to wait, in ms. Each protocol has its own status for an overload
// inside a stream.
const faults = {
  "Before the first token": [
    { name: "429 with Retry-After: 2", fault: { status: 429, headers: { "retry-after": "2" } }, asked: 2000 },
    { name: "529", fault: { status: 529 } },
    { name: "an overload inside the stream", fault: { kind: "error" } },
    { name: "a connection reset", fault: { kind: "reset" } },
    { name: "a stream that just ends", fault: { kind: "eof" } },
  ],
  "After the first token": [
    { name: "an answer that just ends", fault: { kind: "eof", at_token: 9 } },
    { name: "a connection reset inside a character", fault: { kind: "reset", at_token: 10, half: "char" } },
    { name: "an overload inside the stream", fault: { kind: "error", at_token: 9 } },
    { name: "silence behind pings", fault: { kind: "stall", at_token: 9, ping_ms: 300 } },
  ],
};

/** The chats' options: after output an answer is resumed, and the time limit for silence is short. */
const policy = { afterCommit: "resume", contentTimeoutMs: 1500 };
/** A client that outputs nothing for this long is abandoned, in ms. */
const patienceMs = 4000;

// How each SDK is used. This is all that an application has to write.
const overload = { openai: 503, "@anthropic-ai/sdk": 529 };
const clients = {
  openai: async function* (base, options, signal) {
    const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "none", ...options });
    const messages = [{ role: "user", content: "Hello!" }];
    const stream = await client.chat.completions.create({ model: "gpt-5", messages, stream: true }, { signal });
    for await (const chunk of stream) {
      yield chunk.choices[0]?.delta?.content ?? "";
    }
  },
  "@anthropic-ai/sdk": async function* (base, options, signal) {
    const client = new Anthropic({ baseURL: base, apiKey: "none", ...options });
    const messages = [{ role: "user", content: "Hello!" }];
    const body = { model: "claude-opus-4", max_tokens: 1024, messages, stream: true };
    for await (const event of await client.messages.create(body, { signal })) {
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
// Nobody reads on: Ctrl-C may end `tee` before this program, and `head` ends early.
process.stdout.on("error", () => process.exit());
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
const seconds = (ms, digits) => `${(ms / 1000).toFixed(digits)} s`;

/** Shows a retry event on one line, which counts down if the output is a terminal. */
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
    draw(first); // leave the event on the screen as it arrived
    write("\n");
  };
}

/** The width of a text in columns: East Asian characters and emoji take two. */
const columns = (words) => [...words].reduce((n, c) => n + (c > "\u2e7f" ? 2 : 1), 0);

/** Writes each word as soon as it is complete, and breaks lines between words. */
function typewriter() {
  let column = 0;
  let word = "";
  function flush() {
    if (word) {
      if (column > 0 && column + columns(word.trimEnd()) > width - indent.length) {
        column = 0;
        write("\n");
      }
      write(column === 0 ? indent + word.trimStart() : word);
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
      column = 0;
    },
  };
}

/** The same chat without steadfetch. Returns a description of how it ended, and whether the answer is right. */
async function alone(ask, run) {
  const leaving = new AbortController();
  let got = "";
  let patience;
  const silence = new Promise((resolve) => {
    patience = () => setTimeout(resolve, patienceMs, "still waiting, without an error");
  });
  let timer = patience();
  const end = (async () => {
    try {
      for await (const token of ask(run.base, {}, leaving.signal)) {
        got += token;
        clearTimeout(timer);
        timer = patience();
      }
    } catch (error) {
      return `threw ${error.constructor.name}: ${error.message}`;
    }
    return got === text ? "exact text" : `${got ? "half an answer" : "no answer"}, reported as a success`;
  })();
  const words = await Promise.race([end, silence]);
  clearTimeout(timer);
  leaving.abort();
  const { requests } = await provider.log(run.id);
  return { words: `${words} · ${plural(requests.length, "request")}`, good: got === text };
}

/** The chat with steadfetch, shown while it runs. Returns a summary, and what is wrong. */
async function guarded(ask, run, asked) {
  let stopCountdown = () => {};
  let events = 0;
  const paper = typewriter();
  const fetch = createFetch({
    ...policy,
    onRetry(event) {
      events++;
      paper.end();
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
    for await (const token of ask(run.base, { fetch, maxRetries: 0 })) {
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
  const wait = `waited ${seconds(waited, 2)}${asked ? `, asked for ${seconds(asked, 0)}` : ""}`;
  return {
    words: `exact text: ${got === text ? "yes" : "no"} · ${plural(requests.length, "request")} · ${wait}`,
    wrong,
  };
}

/** One chat through one fault, with and without steadfetch. Returns whether each succeeded. */
async function chat(ask, { name, fault, asked = 0 }, overloadStatus) {
  write(`  ${name}\n`);
  const first = fault.kind === "error" ? { ...fault, status: overloadStatus } : fault;
  const spec = { text, token_delay_ms: 15, faults: [first] };
  const runs = [await provider.newRun(spec), await provider.newRun(spec)];
  const without = alone(ask, runs[0]);
  const { words, wrong } = await guarded(ask, runs[1], asked);
  write(`${indent}${wrong.length > 0 ? red(`✗ ${words}: ${wrong.join(", ")}`) : green(`✓ ${words}`)}\n`);
  const other = await without;
  write(
    `${indent}${other.good ? dim(`✓ without: ${other.words}`) : `${red("✗")} ${dim(`without: ${other.words}`)}`}\n\n`,
  );
  return { good: wrong.length === 0, alone: other.good };
}

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

let provider;

async function main() {
  const began = performance.now();
  provider = await startProvider();
  const server = await startServer({ provider: provider.url, port: Number(process.env.PORT ?? 0) });
  write(`\n${bold("steadfetch")} ${dim("against a provider that fails on command")}\n`);
  write(`${dim(`The same in a browser: ${server.url}`)}\n\n`);
  const sum = { good: 0, alone: 0, all: 0 };
  for (const [name, ask] of Object.entries(clients)) {
    write(
      `${bold(`${name} ${versionOf(name)}`)} ${dim("with { fetch: createFetch(), maxRetries: 0 }, and without")}\n\n`,
    );
    for (const [place, list] of Object.entries(faults)) {
      write(`  ${bold(place)}\n\n`);
      for (const fault of list) {
        const { good, alone } = await chat(ask, fault, overload[name]);
        sum.all++;
        sum.good += good;
        sum.alone += alone;
      }
    }
  }
  const took = seconds(performance.now() - began, 1);
  const words = `${sum.good} of ${plural(sum.all, "fault")} survived, ${sum.alone} without steadfetch, in ${took}`;
  write(`${sum.good === sum.all ? green(bold(words)) : red(bold(words))}\n`);

  const page = await fetch(server.url);
  const served = page.ok && (await page.text()).includes("<title>steadfetch");
  write(
    served
      ? `The same in a browser: ${bold(server.url)}${once ? "" : dim("  (Ctrl-C ends it)")}\n`
      : red(`The page is not served: HTTP ${page.status}\n`),
  );
  process.exitCode = sum.good === sum.all && served ? 0 : 1;
  if (!once) {
    await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
    write("\n");
  }
  await server.close();
  await provider.stop();
}

await main();
