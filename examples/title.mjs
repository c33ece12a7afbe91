// A title for a conversation: no stream, no banner, one time limit for everything. A missing title must not fail the chat.
//
//   OPENAI_API_KEY=… node examples/title.mjs "How do I boil an egg?"
import OpenAI from "openai";
import { retry } from "steadfetch";

// The SDK's own retries are off; `retry` understands the SDK's errors and the wait that the server asked for.
const client = new OpenAI({ maxRetries: 0 });

export async function titleOf(conversation) {
  const ask = async ({ signal }) => {
    const messages = [
      { role: "system", content: "Give the conversation a title of at most six words." },
      { role: "user", content: conversation },
    ];
    const answer = await client.chat.completions.create({ model: "gpt-5-mini", messages }, { signal });
    return answer.choices[0].message.content;
  };
  try {
    // Each attempt may take ten seconds; all attempts and waits together, a minute.
    return await retry(ask, { contentTimeoutMs: 10_000, maxElapsedMs: 60_000 });
  } catch (error) {
    console.error(`no title: ${error.message}`);
    return "New chat";
  }
}

console.log(await titleOf(process.argv[2] ?? "How do I boil an egg?"));
