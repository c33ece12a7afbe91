import type { TestContext } from "node:test";

/** Runs everything that is due now. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A fake clock. Returns a function that lets time pass. */
export function clock(t: TestContext): (ms: number) => Promise<void> {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_795_000_000_000 });
  return async (ms) => {
    await settle();
    t.mock.timers.tick(ms);
    await settle();
  };
}

export const url = "https://api.openai.com/v1/chat/completions";
export const post = (signal?: AbortSignal): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], stream: true }),
  ...(signal && { signal }),
});

const event = (choice: object) => `data: ${JSON.stringify({ id: "c1", choices: [{ index: 0, ...choice }] })}\n\n`;
export const role = event({ delta: { role: "assistant", content: "" } });
export const token = (content: string) => event({ delta: { content } });
export const stop = event({ delta: {}, finish_reason: "stop" });
export const done = "data: [DONE]\n\n";
export const answer = [role, token("Hello "), token("world"), stop, done];
export const sse = { "content-type": "text/event-stream" };

/** One request that reached the fake network. */
export interface Call {
  input: RequestInfo | URL;
  init: RequestInit;
  signal: AbortSignal;
  /** Answers with a whole body. */
  respond(status: number, body?: string, headers?: Record<string, string>): Response;
  /** Answers with a body that arrives in pieces. */
  open(status?: number, headers?: Record<string, string>): Wire;
  reject(error: unknown): void;
}

/** The server's end of a body. */
export interface Wire {
  response: Response;
  send(...pieces: string[]): void;
  end(): void;
  /** Sends the last pieces and ends. */
  finish(...pieces: string[]): void;
  error(error: unknown): void;
  /** How often the client asked for more. */
  pulls: number;
  canceled: boolean;
}

/** A fetch whose answers the test gives. It honours signals as the real one does. */
export function network() {
  const calls: Call[] = [];
  const fetch: typeof globalThis.fetch = (input, init = {}) =>
    new Promise((resolve, reject) => {
      const signal = init.signal!;
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
      const onAbort = () => {
        reject(signal.reason);
        try {
          controller?.error(signal.reason);
        } catch {
          // it has ended
        }
      };
      if (signal.aborted) {
        onAbort();
      }
      signal.addEventListener("abort", onAbort, { once: true });
      const give = (response: Response): Response => {
        Object.defineProperty(response, "url", { value: `${String(input)}#final` });
        Object.defineProperty(response, "redirected", { value: true });
        Object.defineProperty(response, "type", { value: "cors" });
        resolve(response);
        return response;
      };
      calls.push({
        input,
        init,
        signal,
        reject,
        respond: (status, body = "", headers = {}) =>
          give(new Response(body, { status, statusText: `Status ${status}`, headers })),
        open(status = 200, headers = sse) {
          const wire: Wire = {
            response: undefined as unknown as Response,
            send: (...pieces) => {
              for (const piece of pieces) {
                controller!.enqueue(new TextEncoder().encode(piece));
              }
            },
            end: () => controller!.close(),
            finish: (...pieces) => {
              wire.send(...pieces);
              wire.end();
            },
            error: (error) => controller!.error(error),
            pulls: 0,
            canceled: false,
          };
          const body = new ReadableStream<Uint8Array>(
            {
              start(c) {
                controller = c;
              },
              pull() {
                wire.pulls++;
              },
              cancel() {
                wire.canceled = true;
              },
            },
            { highWaterMark: 0 },
          );
          wire.response = give(new Response(body, { status, statusText: "Fine", headers }));
          return wire;
        },
      });
    });
  return { fetch, calls };
}

/** What a promise has become: its value, its error, or nothing yet. */
export function watch<T>(promise: Promise<T>): {
  state: "pending" | "fulfilled" | "rejected";
  value?: T;
  error?: unknown;
} {
  const seen: ReturnType<typeof watch<T>> = { state: "pending" };
  promise.then(
    (value) => Object.assign(seen, { state: "fulfilled", value }),
    (error: unknown) => Object.assign(seen, { state: "rejected", error }),
  );
  return seen;
}
