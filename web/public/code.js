// The code beside each scenario: what an application writes, without what only this page does.
import { copyButton, make } from "./shared.js";

const repository = "https://github.com/steadfetch/steadfetch";
const links = {
  README: `${repository}#readme`,
  "npm package": `${repository}/tree/main/jsbridge#readme`,
  Source: repository,
  "This page's source": `${repository}/tree/main/web`,
};

/** Shows code with a button to copy it; `update()` calls `source()` again. */
export function codePanel(title, source) {
  const code = make("code");
  const block = make("pre", "", code);
  block.tabIndex = 0; // it scrolls, so it must be reachable by keyboard
  block.setAttribute("aria-label", title);
  const head = make(
    "figcaption",
    "",
    make("span", "", title),
    copyButton("Copy", () => code.textContent),
  );
  const figure = make("figure", "code", head, block);
  const update = () => {
    code.textContent = source();
  };
  update();
  return { figure, update };
}

/** Links to further reading. */
export function linkRow() {
  const items = Object.entries(links).map(([name, href]) => {
    const link = make("a", "", name);
    link.href = href;
    return link;
  });
  const row = make("nav", "links", ...items);
  row.setAttribute("aria-label", "Read on");
  return row;
}

const bare = {
  openai: `import OpenAI from "openai";

const client = new OpenAI();
const stream = await client.chat.completions.create({
  model: "gpt-5",
  messages,
  stream: true,
});
for await (const chunk of stream) {
  show(chunk.choices[0]?.delta?.content ?? "");
}`,
  anthropic: `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic();
const stream = await client.messages.create({
  model: "claude-opus-4",
  max_tokens: 1024,
  messages,
  stream: true,
});
for await (const event of stream) {
  if (event.type === "content_block_delta") show(event.delta.text);
}`,
  ai: `import { createOpenAI } from "@ai-sdk/openai";
import { streamText } from "ai";

const openai = createOpenAI();
const model = openai.chat("gpt-5");
const result = streamText({ model, messages });
for await (const text of result.textStream) {
  show(text);
}`,
};

/** The code of the left side. */
export const bareCode = (sdk) => bare[sdk];

/** The options of a policy as source code, without those that are undefined or empty. */
function written(options) {
  const lines = Object.entries(options).filter(([, value]) => value !== undefined && value !== "");
  return lines.map(([name, value]) => `  ${name}: ${JSON.stringify(value)},\n`).join("");
}

/** The code of the right side, with `<retry-status>` as the banner. */
export function streamCode(options) {
  return `import { createController, stream } from "steadfetch";
import "steadfetch/element";

const controller = createController();
banner.controller = controller; // a <retry-status>

for await (const event of stream(url, init, {
  controller,
${written(options)}})) {
  if (event.type === "message") show(event.text ?? "");
  if (event.type === "reset") clear(); // it starts over
  if (event.type === "error") failed(event.verdict);
}`;
}

const guarded = {
  openai: ["openai", "OpenAI", "new OpenAI"],
  anthropic: ["@anthropic-ai/sdk", "Anthropic", "new Anthropic"],
  ai: ["@ai-sdk/openai", "{ createOpenAI }", "createOpenAI"],
};

/** The same, keeping the SDK and passing it another fetch. */
export function fetchCode(sdk, { afterCommit }) {
  const [from, name, made] = guarded[sdk];
  const lines = [`import ${name} from "${from}";`, 'import { createFetch } from "steadfetch";', ""];
  if (afterCommit === "restart") {
    lines.push("// An SDK cannot drop what it has shown: no starting over here.");
  }
  const options = afterCommit === "resume" ? '{ afterCommit: "resume" }' : "";
  lines.push(`const client = ${made}({`, `  fetch: createFetch(${options}),`);
  lines.push(...(sdk === "ai" ? ["});", "// and streamText({ …, maxRetries: 0 })"] : ["  maxRetries: 0,", "});"]));
  return lines.join("\n");
}
