// What the clients promise besides recovering from one fault. Each cell describes a request, or says why there is none.
import { once as event } from "node:events";
import { createServer } from "node:net";
import { classify } from "steadfetch";
import { answer } from "./cases.mjs";

const slow = { chunk_bytes: 1 << 20, drip_ms: 20 }; // events that arrive one by one
const broken = { kind: "reset", at_token: 6, ...slow };
const resume = { afterCommit: "resume" };
const noSDK = "it has no protocol, and so neither a failure in it nor an end marker";
const byNumber = "it continues by sequence number or event id, so no text is repeated or differs";
const onlyResponses = "only OpenAI Responses has it";
const onlyIds = "the events have no ids";

/** Checks how the second request asks for the rest. */
function asksForTheRest(protocol) {
  return ({ received, requests: [first, second], must }) => {
    must(received.resets === 0, "the consumer was told to start over");
    if (protocol === "openai-responses") {
      must(second.method === "GET" && /starting_after=\d+/.test(second.query), "it does not ask for what came after");
    } else if (protocol === "sse") {
      must(second.headers["last-event-id"] === "6", `Last-Event-ID is ${second.headers["last-event-id"]}`);
    } else {
      const before = JSON.parse(first.body);
      const { messages = [], contents = [] } = JSON.parse(second.body);
      const turns = [...messages, ...contents];
      must(turns.length === (before.messages ?? before.contents).length + 2, "two turns must be added");
      must(JSON.stringify(turns.at(-1)).includes('"[CONTINUE]"'), "the last turn does not ask to continue");
    }
  };
}

const sameRequest = ({ requests: [first, second], must }) =>
  must(
    first.body !== "" && first.body === second?.body && first.method === second.method,
    "the second request is not the first again",
  );

/** A body that can be read only once. */
function once(body) {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return {
    duplex: "half",
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 7));
        controller.enqueue(bytes.subarray(7));
        controller.close();
      },
    }),
  };
}

/** An address at which nothing listens any more. */
async function closedAddress() {
  const server = createServer().listen(0, "127.0.0.1");
  await event(server, "listening");
  const { port } = server.address();
  server.close();
  return `http://127.0.0.1:${port}/`;
}

const closed = await closedAddress();

/** A fetch whose first two connections are refused. */
function refusedTwice() {
  let left = 2;
  return (input, init) => fetch(left-- > 0 ? closed : input, init);
}

/** The outcome when the engine gives up: an SDK gets the response, a page the reason. */
const givesUp = (client, status, reason) => (client === "stream" ? `error:${reason}` : `passed:${status}`);

export const promises = [
  {
    name: "three failures in a row",
    cell: () => ({
      run: { faults: [{ status: 429, headers: { "retry-after-ms": "50" } }, { status: 503 }, { kind: "reset" }] },
      want: "recovered",
      attempts: 4,
      wait: 50,
    }),
  },
  {
    name: "connection refused, twice",
    cell: () => ({
      policy: () => ({ fetch: refusedTwice() }),
      want: "recovered",
      unseen: 2,
    }),
  },
  {
    name: "empty answer, twice",
    cell: (_, protocol) =>
      protocol === "sse"
        ? noSDK
        : {
            // An agent's turn may be empty, so the second empty answer is passed on.
            run: { faults: [{ empty_output: true, times: 2 }] },
            want: "recovered",
            attempts: 2,
            says: "",
            check: ({ received, must }) => must(received.warnings.includes("empty_answer"), "nobody is warned"),
          },
  },
  {
    name: "maxAttempts: 2",
    cell: (client) => ({
      run: { faults: [{ status: 529, times: -1 }] },
      policy: { maxAttempts: 2 },
      want: givesUp(client, 529, "attempts_exhausted"),
      attempts: 2,
    }),
  },
  {
    name: "asked to wait an hour",
    cell: (client) => ({
      run: { faults: [{ status: 429, headers: { "retry-after": "3600" }, times: -1 }] },
      want: givesUp(client, 429, "retry_after_too_long"),
    }),
  },
  {
    name: "lenient: no end marker",
    cell: (_, protocol) =>
      protocol === "sse"
        ? noSDK
        : {
            run: { faults: [{ no_end_marker: true }] },
            policy: { lenient: true },
            want: "complete",
            finish: "",
          },
  },
  {
    name: "lenient: a connection that drops",
    cell: (client, protocol) =>
      protocol === "sse"
        ? noSDK
        : {
            run: { faults: [{ kind: "drop", at_token: 6, ...slow }] },
            policy: { lenient: true },
            want: client === "stream" ? "recovered" : "error:network",
          },
  },
  {
    name: "refusal",
    cell: (client, protocol) =>
      protocol === "sse"
        ? noSDK
        : {
            run: { faults: [{ finish: "refusal" }] },
            // With OpenAI the refusal is a text, and the finish is a normal one.
            want: client === "stream" && !protocol.startsWith("openai") ? "error:content_policy" : "complete",
            finish: "refusal",
          },
  },
  ...[400, 404].map((status) => ({
    name: `previous_response_id is lost, ${status}`,
    cell: (client, protocol) =>
      protocol !== "openai-responses"
        ? onlyResponses
        : {
            run: {
              faults: [
                {
                  status,
                  error_type: "invalid_request_error",
                  error_code: "previous_response_not_found",
                  message: "Previous response with id 'resp_1' not found.",
                  times: -1,
                },
              ],
            },
            want: givesUp(client, status, "invalid_request"),
            check({ received, verdict, must }) {
              const { chainBroken } = verdict?.verdict ?? classify(received.failure);
              must(chainBroken === true, "chain_broken is not reported");
            },
          },
  })),
  {
    name: "Idempotency-Key is kept",
    cell: () => ({
      run: { faults: [{ status: 503 }] },
      want: "recovered",
      plain: true,
      request: { headers: { "Idempotency-Key": "a-key" } },
      check: ({ requests, must }) =>
        must(
          requests.every((r) => r.headers["idempotency-key"] === "a-key"),
          "the key has changed",
        ),
    }),
  },
  {
    name: "a body that can be read once",
    cell: () => ({
      run: { faults: [{ status: 503 }] },
      want: "recovered",
      plain: true,
      request: { init: once },
      check: sameRequest,
    }),
  },
  {
    name: "such a body above maxReplayBytes",
    cell: (client) => ({
      run: { faults: [{ status: 503 }] },
      want: givesUp(client, 503, "not_replayable"),
      policy: { maxReplayBytes: 1 },
      plain: true,
      request: { init: once },
      check: ({ requests: [{ body }], must }) => must(body.startsWith("{") && body.endsWith("}"), "the body is cut"),
    }),
  },
  {
    name: "a Request as input",
    cell: () => ({
      run: { faults: [{ status: 503 }] },
      want: "recovered",
      plain: true,
      request: { asRequest: true },
      check: sameRequest,
    }),
  },
  {
    name: "resume",
    cell: (_, protocol) => ({
      run: { faults: [broken] },
      policy: resume,
      want: "recovered",
      check: asksForTheRest(protocol),
    }),
  },
  {
    name: "resume, broken three times",
    cell: (_, protocol) => ({
      run: {
        faults: [
          { kind: "reset", at_token: 3, ...slow },
          // Without a protocol the end of a body is not a failure.
          protocol === "sse" ? { kind: "drop", at_token: 3 } : { kind: "eof", half: "char", at_token: 3, ...slow },
          { kind: "drop", at_token: 3, ...slow },
        ],
      },
      policy: resume,
      want: "recovered",
      attempts: 4,
      check: ({ received, must }) => must(received.resets === 0, "the consumer was told to start over"),
    }),
  },
  {
    name: "resume, a Request as input",
    cell: (_, protocol) => ({
      run: { faults: [broken] },
      policy: resume,
      want: "recovered",
      plain: true,
      request: { asRequest: true },
      check: asksForTheRest(protocol),
    }),
  },
  ...[3, 10, 40].map((n) => ({
    name: `resume, ${n} characters come again`,
    cell: (_, protocol) => {
      if (protocol === "openai-responses" || protocol === "sse") {
        return byNumber;
      }
      if (n < 8) {
        return "two texts share so few by chance, so they are not taken for a repetition";
      }
      return { run: { faults: [broken, { repeat_chars: n }] }, policy: resume, want: "recovered" };
    },
  })),
  {
    name: "resume, the whole answer comes again",
    cell: (_, protocol) =>
      protocol === "openai-responses" || protocol === "sse"
        ? byNumber
        : {
            run: { faults: [broken, { text: answer }] },
            policy: resume,
            want: "recovered",
          },
  },
  {
    name: "resume, another answer comes",
    cell: (client, protocol) =>
      protocol === "openai-responses" || protocol === "sse"
        ? byNumber
        : {
            run: {
              faults: [
                { kind: "reset", at_token: 15, ...slow },
                { text: `${[...answer].slice(0, 30).join("")} but then something else` },
              ],
            },
            policy: resume,
            // An answer that cannot be joined starts over, if the consumer supports a reset.
            want: client === "stream" ? "recovered" : "error:seam_mismatch",
            attempts: client === "stream" ? 3 : 2,
            check: ({ received, must }) =>
              must(received.resets === (client === "stream" ? 1 : 0), `${received.resets} resets`),
          },
  },
  {
    name: "resume, Responses not in background",
    cell: (_, protocol) =>
      protocol !== "openai-responses"
        ? onlyResponses
        : {
            run: { faults: [broken] },
            policy: resume,
            request: { body: { background: false } },
            want: "recovered",
            check({ received, requests: [, second], must }) {
              must(received.resets === 0, "the consumer was told to start over");
              must(second.body.includes('"[CONTINUE]"'), "the last turn does not ask to continue");
            },
          },
  },
  {
    name: "resume, only the end was lost",
    cell: (_, protocol) =>
      protocol !== "sse"
        ? onlyIds
        : {
            run: { faults: [{ kind: "reset", at_token: 999, ...slow }] },
            policy: resume,
            want: "recovered",
          },
  },
];
