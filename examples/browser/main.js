// The openai package in a page, with the banner.
import OpenAI from "openai";
import { createController, createFetch, RetryError } from "steadfetch";
import "steadfetch/element";

const form = document.querySelector("form");
const output = document.querySelector("output");
const banner = document.querySelector("retry-status");

const controller = createController();
banner.controller = controller;
banner.addEventListener("retry", ask);

const client = new OpenAI({
  baseURL: `${location.origin}/v1`, // the server beside this, which adds the key
  apiKey: "none",
  dangerouslyAllowBrowser: true,
  fetch: createFetch({ controller, afterCommit: "resume" }), // an answer that was cut continues where it broke off
  maxRetries: 0,
  timeout: 10 * 60_000,
});

async function ask(event) {
  event.preventDefault();
  output.textContent = "";
  banner.received = false;
  try {
    const messages = [{ role: "user", content: new FormData(form).get("prompt") }];
    const answer = await client.chat.completions.create({ model: "gpt-5", messages, stream: true });
    for await (const chunk of answer) {
      output.textContent += chunk.choices[0]?.delta.content ?? "";
      banner.received = true;
    }
  } catch (error) {
    // The banner shows what failed. Before the first output the SDK wraps our error in its own.
    const failure = [error, error.cause].find((e) => e instanceof RetryError);
    banner.last = failure?.last;
    console.warn(error);
  }
}

form.addEventListener("submit", ask);
