import { useState } from "react";
import { RetryStatus, useChatStream } from "steadfetch/react";

/** Shows an answer while it streams. The banner shows waits and failures, with their buttons. */
export function Chat() {
  const [prompt, setPrompt] = useState("Tell me a story.");
  const chat = useChatStream();
  const ask = () =>
    chat.start("/api/chat", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt }),
    });
  return (
    <main>
      <h1>Chat</h1>
      <form action={ask}>
        <input aria-label="Prompt" value={prompt} onChange={(event) => setPrompt(event.target.value)} />
        <button type="submit">Ask</button>
      </form>
      <p className="answer">{chat.text}</p>
      {chat.finish?.reason === "length" && <p>The answer reached its length limit.</p>}
      <RetryStatus chat={chat} />
    </main>
  );
}
