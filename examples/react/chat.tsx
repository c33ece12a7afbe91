// An answer straight from a provider's API, with the banner.
import { RetryStatus, useChatStream } from "steadfetch/react";

export function Chat({ url, init }: { url: string; init: RequestInit }) {
  const chat = useChatStream();
  return (
    <main>
      <p>{chat.text}</p>
      <RetryStatus chat={chat} />
      <button type="button" onClick={() => chat.start(url, init)}>
        Ask
      </button>
    </main>
  );
}
