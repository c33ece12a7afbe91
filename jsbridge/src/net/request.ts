import { errorInfo } from "../api/classify.js";
import { RetryError } from "../api/error.js";
import { type FetchOptions, policyOf } from "../api/options.js";
import type { Engine } from "../engine/abi.js";
import type { Answer, Ending, Request as Facts, Verdict } from "../engine/shapes.gen.js";
import { drive, type Host, type Session } from "../session/driver.js";
import { turn } from "../session/turn.js";
import { noted } from "./note.js";
import { isStream, overlay, type Replay, replayable, whole } from "./replay.js";
import { handOver } from "./response.js";
import { signalOf } from "./signal.js";

/** One attempt in progress. */
interface Attempt {
  number: number;
  abort: AbortController;
  response?: Response;
  reader?: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** A read that has begun. The next reader uses its result. */
  next?: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  done?: boolean | undefined;
}

/** Receives what happens to a request, for the code that made it. */
export interface Outcome {
  /** Output of this response's stream, or of one that continues where it broke off. */
  take(bytes: Uint8Array, response: Response, events: Int32Array | undefined): void;
  /** Resolves when the consumer wants more; nothing is read until then. Undefined means now. */
  demand(): Promise<void> | undefined;
  /** This response's body is being read. Its first output may take long. */
  reading?(response: Response): void;
  reset?(): void;
  wait?(answer: Answer): void;
  /** The consumer of events reads this response, to its end. */
  lend?(response: Response): Promise<void>;
  /** The caller gets this response; with a verdict it is a failure. */
  pass(response: Response, verdict: Verdict | undefined, attempts: number, last: Verdict | undefined): void;
  /** A verdict means that the provider refused to continue. Returns the verdict in the answer, if a relay sent one. */
  finish(response: Response, verdict: Verdict | undefined, attempts: number, ending: () => Ending): Verdict | undefined;
  /** `canceled` says that the error is the caller's own reason. */
  fail(error: unknown, canceled: boolean): void;
}

const ignore = () => {};

/** The fetches made here, and what each of them sends its requests through. */
const made = new WeakMap<typeof fetch, typeof fetch | undefined>();

/** Remembers a fetch as made here. */
export function remember(fetch: typeof globalThis.fetch, options: FetchOptions): typeof globalThis.fetch {
  made.set(fetch, options.fetch ?? globalThis.fetch);
  return fetch;
}

/** The signals of the attempts that were sent through the page's fetch. */
const ours = new WeakSet<AbortSignal>();

/** Whether these are an attempt's own arguments: a page's fetch may call one of those made here. */
export const cameBack = (init: RequestInit): boolean => !!init.signal && ours.has(init.signal);

/** What a fetch made here sends its requests through. */
export function beneath(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  for (let next = made.get(fetch); next; next = made.get(next)) {
    fetch = next;
  }
  return fetch;
}

/** The fetch to send requests through. A page may have put one of those made here in the place of its own. */
export const fetchOf = (options: FetchOptions): typeof globalThis.fetch => options.fetch ?? beneath(globalThis.fetch);

/** Makes a request that survives failures. Rejects if it cannot be started at all. */
export async function request(
  engine: Engine,
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  options: FetchOptions,
  canReset: boolean,
  stops: number | undefined,
  makeOutcome: (session: Session) => Outcome,
): Promise<void> {
  const send = fetchOf(options);
  const signal = signalOf(input, init);
  const replay = await replayable(
    input,
    init,
    signal,
    () => engine.ask("policy", policyOf(options)).maxReplayBytes ?? 0,
  );
  const { facts, notReplayable } = replay;
  const body = await replay.body();
  const wait = turn("begin");
  if (wait) {
    await wait;
  }
  drive(
    engine,
    options,
    { request: facts, canReset, notReplayable, recover: options.recover !== undefined },
    signal,
    (session) => transport(session, makeOutcome(session), options, replay, (to, how) => send(to, how), init, signal),
    stops,
    body,
  );
}

/** Sends the attempts of a session, and reads the responses. */
function transport(
  session: Session,
  to: Outcome,
  options: FetchOptions,
  replay: Replay,
  send: typeof fetch,
  init: RequestInit | undefined,
  signal: AbortSignal | null | undefined,
): Host {
  let current: Attempt | undefined;
  let streamed: Response | undefined; // the one that the consumer has
  let thrown: unknown;
  let mistaken = false;
  let asking: Promise<void> | undefined; // until the caller has decided whether there is another request

  /** The fetch or the body has thrown; or, if a `mistake`, the request could not be made. */
  function broke(mine: Attempt, error: unknown, mistake: boolean): void {
    if (mine !== current) {
      return;
    }
    thrown = error;
    mistaken = mistake;
    if (mistaken) {
      session.report("abort");
    } else {
      session.report("error", { attempt: mine.number, error: errorInfo(error) });
    }
  }

  function drop(): void {
    const mine = current;
    current = undefined;
    if (mine) {
      letGo(mine);
    }
  }

  async function open({ attempt = 0, resume }: Answer): Promise<void> {
    drop();
    const mine: Attempt = { number: attempt, abort: new AbortController() };
    current = mine;
    thrown = undefined;
    let args: [RequestInfo | URL, RequestInit];
    try {
      args = resume ? await replay.resumed(resume, session.rewrite) : replay.again();
      if (resume?.how === "custom") {
        args = overlay(args, (await options.resumeRequest?.(resume, session.describe())) ?? {});
      }
    } catch (error) {
      broke(mine, error, true);
      return;
    }
    if (mine !== current) {
      return;
    }
    if (!options.fetch) {
      ours.add(mine.abort.signal);
    }
    try {
      const response = await send(args[0], { ...args[1], signal: mine.abort.signal });
      const wait = turn();
      if (wait) {
        await wait;
      }
      if (mine !== current) {
        response?.body?.cancel().catch(ignore);
        return;
      }
      if (!isResponse(response)) {
        broke(mine, new TypeError("steadfetch: the option fetch must give a Response"), true);
        return;
      }
      mine.response = response;
      session.report("response", { attempt, status: response.status, headers: Object.fromEntries(response.headers) });
    } catch (error) {
      broke(mine, error, !isRequest(replay, init, options));
    }
  }

  async function read(mine: Attempt): Promise<void> {
    try {
      mine.reader = mine.response?.body?.getReader();
    } catch (error) {
      broke(mine, error, true); // somebody else has read it, or it is no web stream
      return;
    }
    try {
      for (;;) {
        const wait = to.demand();
        if (wait) {
          session.hold(true);
          await wait;
          session.hold(false);
        }
        if (asking) {
          await asking;
        }
        if (mine !== current) {
          return;
        }
        mine.next = mine.reader?.read();
        const piece = await mine.next;
        if (mine !== current) {
          return;
        }
        mine.next = undefined;
        if (!piece || piece.done) {
          mine.done = true;
          session.report("end", { attempt: mine.number });
          return;
        }
        session.chunk(mine.number, piece.value);
      }
    } catch (error) {
      broke(mine, error, false);
    }
  }

  async function recover({ verdict, attempt = 0 }: Answer): Promise<void> {
    const mine = current!;
    let next: Replay | undefined;
    let request: Facts | undefined;
    try {
      const own = await options.recover!(verdict!, await replay.failed(), session.describe());
      next = own ? await replay.changed(own) : undefined; // `false`, too, is no request: JavaScript has `test && {…}`
      request = next && (await whole(next));
    } catch (error) {
      broke(mine, error, true);
      return;
    }
    if (mine === current) {
      replay = next ?? replay;
      session.report("recovered", { attempt, ...(request && { request }) });
    }
  }

  return {
    open,
    recover(answer) {
      asking = recover(answer).finally(() => {
        asking = undefined;
      });
    },
    read() {
      void read(current!);
      to.reading?.(current!.response!);
    },
    drop,
    take(bytes, events) {
      streamed ??= current!.response;
      to.take(bytes, streamed!, events);
    },
    reset: () => to.reset?.(),
    wait: (answer) => to.wait?.(answer),
    lend(_, bytes) {
      const mine = { ...current! }; // stops the read loop that has the old object
      current = mine;
      to.lend!(handOver(mine, bytes, signal)).then(
        () => {
          mine.done = true;
          session.report("end", { attempt: mine.number });
        },
        (error) => broke(mine, error, false),
      );
    },
    pass({ verdict, attempt = 0, last }, bytes) {
      const mine = current!;
      current = undefined;
      // An SDK shows the text of the body, and only the engine knows how long a wait the server asked for.
      const note = verdict?.kind === "retry_after_too_long" && bytes ? verdict.message : undefined;
      const response = handOver(mine, note ? noted(bytes!, note) : bytes, signal);
      if (note) {
        response.headers.delete("content-length");
      }
      to.pass(response, verdict, attempt, last);
    },
    finish({ verdict, attempt = 0 }) {
      const response = streamed ?? current!.response!;
      drop();
      return to.finish(response, verdict, attempt, session.ending);
    },
    fail({ verdict, attempt = 0, last }) {
      if (verdict!.kind === "canceled") {
        to.fail(mistaken ? thrown : signal?.reason, true);
      } else {
        to.fail(new RetryError(verdict!, attempt, last, thrown), false);
      }
    },
    rethrow: () => to.fail(thrown, false),
    crash: (error) => to.fail(error, false),
  };
}

/** Whether this can be used as a response: one from another realm or another fetch implementation can. */
function isResponse(x: Partial<Response> | undefined): boolean {
  return typeof x?.status === "number" && typeof x.headers?.get === "function";
}

/** Ends an attempt, at any stage. */
function letGo({ abort, response, reader, done }: Attempt): void {
  if (!done) {
    // The body first: once aborted, it cannot be canceled.
    (reader ?? response?.body)?.cancel?.().catch(ignore);
    abort.abort();
  }
}

/**
 * Whether these arguments make a valid request. If not, fetch refuses them:
 * that is the caller's mistake, not a failed attempt.
 */
function isRequest({ facts: { url, method } }: Replay, init: RequestInit | undefined, options: FetchOptions): boolean {
  try {
    new Request(options.fetch ? new URL(url!, "http://localhost/") : url!, {
      ...init,
      method: method!,
      // A stream was accepted before, so fetch can send it.
      body: init?.body == null ? null : isStream(init.body) ? "" : init.body,
      signal: null,
    });
    return true;
  } catch {
    return false;
  }
}
