// How to run each example, by its page and the heading above it.
import { blocksOf } from "./blocks.mjs";
import { inGo, inNode, inPage, inProgram, inWorkerd } from "./programs.mjs";

const asked = `
const answer = await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "Hi" }], stream: true });
for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
`;
/** OpenTelemetry's SDK, which must get a span for each attempt. */
const spans = {
  before: `
import { trace as global } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
const exporter = new InMemorySpanExporter();
global.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
`,
  after: `
process.stdout.write(await response.text());
const made = exporter.getFinishedSpans().map((span) => span.attributes["http.response.status_code"]);
if (made.join() !== "503,200,200") throw new Error("spans of " + made);
`,
};
const tell = "globalThis.told = said;";
const readSaid = `
for (const line of (await response.text()).split("\\n")) if (line.startsWith("data: ")) show(textOf(line.slice(6)));
globalThis.told = said;`;
/** Renders the component Chat, presses its button, and then Retry now as soon as it appears. */
const clickAndRead = `
import { createElement as element } from "react";
import { createRoot } from "react-dom/client";
createRoot(document.querySelector("main")).render(element(Chat, {}));
const until = setInterval(() => {
  const button = document.querySelector("main > main > button");
  if (button && !globalThis.asked) ask(button.click());
  document.querySelector("retry-status")?.shadowRoot?.querySelector("[part~=retry-now]:not([hidden])")?.click();
  const p = [...document.querySelectorAll("main p")].at(-1);
  if (/once\\.$/.test(p?.textContent)) clearInterval(until, (globalThis.told = p.textContent));
}, 20);`;
const relayed = `
const request = { method: "POST", body: '{"messages":[]}' };
const page = { fetch: async () => POST(new Request("https://example.com/api/chat", request)) };
for await (const event of (await import("steadfetch")).stream("https://example.com/api/chat", {}, page))
  if (event.text) process.stdout.write(event.text);`;
const exactly = (text) => new RegExp(`^${text.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*$`);
/** An example that brings what it talks to, and says by what it prints that all is well. */
const alone = (program, passes) => Object.assign((code, t) => program(code, "", t), { passes });

/** How to run the blocks, by the heading above them; with a number, the block of that number there. Blocks in `sh` need no entry. */
export const runners = {
  "README.md": {
    "In JavaScript 1": inNode(),
    "In JavaScript 2": inNode(asked),
    "In Go 1": inGo(),
  },
  "jsbridge/README.md": {
    openai: inNode(),
    "@anthropic-ai/sdk": inNode(),
    "groq-sdk": inNode(),
    "ai, on a server": inNode(),
    "ai, in a browser": inPage(`
import { readUIMessageStream } from "ai";
const messages = [{ id: "q", role: "user", parts: [{ type: "text", text: "Hi" }] }];
const stream = await transport.sendMessages({ trigger: "submit-message", chatId: "c", messages, abortSignal: undefined });
let last;
for await (last of readUIMessageStream({ stream }));
globalThis.told = last.parts.map((part) => part.text ?? "").join("");`),
    "@google/genai": inNode(),
    "@langchain/openai": inNode(),
    "@mistralai/mistralai": inNode(),
    "@microsoft/fetch-event-source": inPage(tell),
    eventsource: inNode(),
    "In a page": inPage(tell),
    "The banner": inPage(`
import { stream } from "steadfetch";
let shown = "";
const look = new MutationObserver(() => (shown += banner.shadowRoot.textContent));
look.observe(banner.shadowRoot, { childList: true, subtree: true, characterData: true });
for await (const event of stream(url, init, { controller })) if (event.type === "message") show(event.text ?? "");
if (!shown.includes("Retrying in")) throw new Error("the banner showed " + shown);
globalThis.told = said;`),
    React: inPage(clickAndRead),
    "Node.js": inNode("", { extension: "cjs" }),
    Deno: inProgram("deno", ["run", "--allow-all", "--no-lock"]),
    Bun: inProgram("bun", []),
    "Cloudflare Workers": inWorkerd(),
    "Relaying to a page": inNode(relayed),
    "Another request after a failure": inNode(`
const answer = await fetch(url, init);
process.stdout.write(await answer.text());`),
    "For your tests": alone(inNode(), /^data: hi\n\n 2$/m),
  },
  "docs/architecture.md": {
    "As code 1": alone(inGo(), exactly(blocksOf("docs/architecture.md").at(-1).code)),
  },
  "docs/guides/browser.md": {
    "A page with a banner": inPage(`
let shown = "";
const look = new MutationObserver(() => (shown += banner.shadowRoot.textContent));
look.observe(banner.shadowRoot, { childList: true, subtree: true, characterData: true });
await ask();
if (!shown.includes("Retrying in")) throw new Error("the banner showed " + shown);
globalThis.told = output.textContent;`),
    "After a reload": inPage(`
if (JSON.parse(sessionStorage.getItem("chat")).state !== "finished") throw new Error(sessionStorage.getItem("chat"));
globalThis.told = said;`),
    "Without WebAssembly": inPage(readSaid),
  },
  "docs/guides/react.md": {
    "An answer from your own server": inPage(clickAndRead),
    "The banner for an SDK's requests": inPage(clickAndRead),
  },
  "docs/guides/ai-sdk.md": {
    "On the server": inNode(),
    "In the browser": inPage(clickAndRead),
  },
  "docs/guides/servers.md": {
    "Relaying to a page": inNode(relayed),
    Tenants: inNode(),
    "Slow models": inNode(),
    "Calls without a stream": inNode(),
  },
  "docs/guides/workers.md": {
    Workers: inWorkerd("/", '{"messages":[]}'),
  },
  "docs/guides/testing.md": {
    "Without a network": alone(inNode(), /^(# |ℹ )pass 1$/m),
    "With a real server": alone(inGo("test"), /^--- PASS: TestAnOverloadIsNotSeen/m),
  },
  "docs/guides/tracing.md": {
    JavaScript: inNode(spans.after, spans),
    Go: inGo(),
  },
  "docs/guides/i18n.md": {
    "The banner's words": inPage(`
import { stream } from "steadfetch";
let shown = "";
const look = new MutationObserver(() => (shown += banner.shadowRoot.textContent));
look.observe(banner.shadowRoot, { childList: true, subtree: true, characterData: true });
for await (const event of stream(url, init, { controller })) if (event.type === "message") show(event.text ?? "");
for (const words of ["Der Dienst ist überlastet", "OpenAI ist zurzeit überlastet.", "Neuer Versuch in ", "2. Versuch", "Jetzt versuchen"])
  if (!shown.includes(words)) throw new Error("the banner showed " + shown);
globalThis.told = said;`),
  },
  "docs/guides/go.md": {
    "Under net/http": inGo(),
    "Under an SDK": inGo(),
    "Events, and a page behind them": inGo(),
    "The plain loop": inGo(),
  },
};

/** The examples of clients that retry by themselves. */
export const sdks = {
  "README.md": ["In JavaScript 2"],
  "docs/guides/go.md": ["Under an SDK"],
  "jsbridge/README.md": [
    "openai",
    "@anthropic-ai/sdk",
    "groq-sdk",
    "ai, on a server",
    "@google/genai",
    "@langchain/openai",
    "@mistralai/mistralai",
  ],
};
