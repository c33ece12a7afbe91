// useChat of the AI SDK, through faults: waits are shown, a cut answer can be requested again, and one that is streaming
// when the page is reloaded continues (this needs a GET route: see the AI SDK's "Chatbot Resume Streams").
import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";
import { useState } from "react";
import { createController, createFetch } from "steadfetch";
import { RetryStatus } from "steadfetch/react";

const controller = createController();
const transport = new DefaultChatTransport({ api: "/api/chat", fetch: createFetch({ controller }) });

export function Chat({ id }: { id: string }) {
  const [text, setText] = useState("");
  const { messages, sendMessage, regenerate } = useChat({ id, transport, resume: true });
  return (
    <main>
      {messages.map(({ id, role, parts }) => (
        <p key={id} className={role}>
          {parts.map((part) => (part.type === "text" ? part.text : ""))}
        </p>
      ))}
      <RetryStatus
        controller={controller}
        received={messages.at(-1)?.role === "assistant"}
        onRetry={() => regenerate()}
      />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sendMessage({ text });
          setText("");
        }}
      >
        <input aria-label="Message" value={text} onChange={(event) => setText(event.target.value)} />
      </form>
    </main>
  );
}
