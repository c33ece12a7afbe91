import { type Controlled, registryOf, safely } from "../api/controller.js";
import { type Options, policyOf, type RequestContext } from "../api/options.js";
import { type Engine, maxChunk } from "../engine/abi.js";
import { engine as engineNow } from "../engine/module.js";
import { frozen } from "../engine/names.js";
import type {
  Answer,
  ChatStreamRetry,
  Config,
  Ending,
  Happened,
  Shared,
  Snapshot,
  Verdict,
} from "../engine/shapes.gen.js";
import { onAbort } from "../net/signal.js";
import { attempts } from "./attempts.js";
import { apart, hear, inBrowser, isOffline, lock, tell, watch } from "./browser.js";
import { fewer, joinBytes, makeHeld } from "./held.js";
import { warn } from "./warn.js";

/** What a session needs of those who send requests and hand on what comes. */
export interface Host {
  /** Begins the attempt and reports what becomes of it. */
  open(answer: Answer, context: RequestContext): void;
  /** Reads the attempt's body into {@link Session.chunk}. */
  read?(): void;
  /** Lets go of the attempt, if there is one. */
  drop(): void;
  /**
   * Hands on bytes, which may be a part of something larger. Nobody changes them any more; but where the events in them are
   * known, as {@link Engine.events} gives them, both are good only until this returns.
   */
  take?(bytes: Uint8Array, events?: Int32Array): void;
  /** The consumer is to forget what it has. */
  reset?(): void;
  /** The caller is asked for another request. Nothing more is read of the attempt, which may still be passed. */
  recover?(answer: Answer, context: RequestContext): void;
  /** A wait begins. */
  wait?(answer: Answer): void;
  /** The caller gets the response as it is, from `bytes` on. The session is over, as after the next three. */
  pass(answer: Answer, bytes: Uint8Array | undefined): void;
  /**
   * The answer is complete, though its transport may not have ended. Gives the verdict that it brought, if it was a
   * server's news of a failure.
   */
  finish(answer: Answer, ending: Ending): Verdict | undefined;
  fail(answer: Answer): void;
  /** The caller gets the error that the attempt threw. */
  rethrow?(): void;
  /** The module has trapped. */
  crash(error: unknown): void;
}

/** One request from the caller's view. */
export interface Session extends Controlled {
  report(what: Happened["what"], more?: Partial<Happened>): void;
  /** Hands in a piece of an attempt's body. */
  chunk(attempt: number, bytes: Uint8Array): void;
  /** Says that nothing is read for now, because the consumer takes nothing. Clocks stand still meanwhile. */
  hold(held: boolean): void;
  /** Shows what a server does that relays the answer: it waits, or it tries again; without that, output flows. */
  relayed(state?: "waiting" | "opening", retry?: ChatStreamRetry): void;
  /** The body of the request to open, when the answer said `rewrite`. */
  rewrite(body: string): string;
  /** The session's time may have come. */
  tick(): void;
  /** It may be its turn. The session acts on it in a task of its own, not in that of whoever calls. */
  rouse(): void;
}

/** The longest wait that timers can hold (WHATWG HTML, timers: a signed 32-bit integer). */
const maxTimer = 2 ** 31 - 1;
/** What may lie unread when reading goes on is read before a clock that ran out meanwhile is heard. */
const afterHold = 1000;
/** How often a session that waits looks whether it was roused, where nobody may call it, in ms. */
const lookEvery = 100;

const live = new Map<number, Session>();
let last = 0;
let unwatch: (() => void) | undefined;

function all(act: (session: Session) => void): void {
  for (const session of [...live.values()]) {
    act(session);
  }
}

/** Rouses the sessions that the core names, and no others: there may be thousands. */
function rouse(ids: readonly number[] = []): void {
  for (const id of ids) {
    live.get(id)?.rouse();
  }
}

function enter(id: number, session: Session): void {
  live.set(id, session);
  unwatch ??= watch(
    (what) => all((s) => s.report(what)),
    () => all((s) => s.tick()),
  );
}

function leave(id: number): void {
  live.delete(id);
  if (live.size === 0) {
    unwatch?.();
    unwatch = undefined;
  }
}

function overheard(shared: Shared): void {
  let wake: readonly number[] | undefined;
  try {
    wake = engineNow().share(shared).wake;
  } catch {
    return; // not ours
  }
  rouse(wake);
}

/**
 * Drives a session: reports to the core what happens, and has the host do what
 * the core answers. It decides nothing. Throws if the options make no sense.
 * The host may be asked to act before this returns.
 */
export function drive(
  engine: Engine,
  options: Options,
  config: Omit<Config, "policy">,
  signal: AbortSignal | undefined | null,
  makeHost: (session: Session) => Host,
  body: Iterable<Uint8Array> = [],
): Session {
  last++;
  const id = last;
  const registry = registryOf(options.controller);
  const shown = registry !== undefined || options.onStatus !== undefined;
  const handle = engine.open({
    id,
    seed: Math.floor(Math.random() * 2 ** 32),
    opaqueErrors: inBrowser(),
    offline: isOffline(),
    manual: registry?.manual ?? false,
    ...config,
    policy: policyOf(options),
    ...(options.provider && { provider: options.provider }),
    ...(options.restore && { restore: options.restore }),
  });
  for (const piece of body) {
    if (!engine.body(handle, piece)) {
      break;
    }
  }
  let { request } = config;
  let about: Omit<RequestContext, "attempt"> | undefined;
  const trace = options.onAttempt && attempts(options.onAttempt, options.provider);
  const steps: (() => Answer | undefined)[] = [];
  const keep = makeHeld();
  let busy = false;
  let over = false;
  let attempt = 0;
  let waiting = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let held = false;
  let overdue = false;
  let unlock: (() => void) | undefined;
  let roused = false; // since the latest answer
  let wake = () => {};
  let ignoreAbort = () => {};

  /** Takes one step after the other, though callbacks may ask for the next one in the midst of it. */
  function step(next: () => Answer | undefined): void {
    steps.push(next);
    if (busy) {
      return;
    }
    busy = true;
    const worked = !engine.trapped();
    try {
      for (let now = steps.shift(); now && !over; now = steps.shift()) {
        const answer = now();
        if (answer) {
          act(answer);
        }
      }
    } catch (error) {
      end();
      host.drop();
      host.crash(error);
      if (worked && engine.trapped()) {
        all((s) => s.rouse());
      }
    }
    busy = false;
  }

  /**
   * Acts when others have roused the session. What it opens then is its own
   * caller's, as AsyncLocalStorage and the like see it, and not theirs.
   */
  async function heed(): Promise<void> {
    while (!over) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (waiting || engine.trapped()) {
        session.tick();
      }
    }
  }

  /** Looks whether it was roused, or its time has come. */
  function lookAgain(at: number): void {
    if (roused || at <= Date.now()) {
      session.tick();
    } else {
      set(at);
    }
  }

  /** The request, for those who are told of it. Of `retry` there is nothing to be told. */
  function describe(): RequestContext {
    const { method, url } = request;
    about ??= { ...(url !== undefined && { method, url: url.replace(/[?#].*/s, "") }), ...engine.about(handle) };
    return { ...about, attempt };
  }

  function act(answer: Answer): void {
    attempt = answer.attempt ?? attempt;
    waiting = answer.do === "none" ? waiting : answer.do === "wait";
    arm(answer.timerAt ?? 0);
    rouse(answer.wake);
    if (answer.reset) {
      host.reset?.();
    }
    const pieces = going(answer.bytes ?? 0);
    if (answer.do !== "pass") {
      handOn(pieces);
    }
    if (answer.do !== "none") {
      unlock = unlock?.() as undefined;
    }
    const context = describe();
    trace?.answered(answer, context);
    const last = ["pass", "finish", "fail", "rethrow"].includes(answer.do);
    let status = last || shown ? engine.snapshot(handle) : undefined;
    const ending = answer.do === "finish" ? engine.ending(handle) : {};
    if (last) {
      end();
    }
    switch (answer.do) {
      case "none":
        break;
      case "open":
        open(answer);
        break;
      case "read":
        host.read?.();
        break;
      case "recover":
        host.recover?.(answer, context);
        break;
      case "wait":
        host.drop();
        host.wait?.(answer);
        break;
      case "pass":
        host.pass(answer, pieces.length > 0 ? joinBytes(pieces) : undefined);
        break;
      case "finish": {
        const verdict = host.finish(answer, ending);
        status = verdict ? frozen({ ...status!, state: "failed", verdict }) : status;
        break;
      }
      case "fail":
        host.drop();
        host.fail(answer);
        break;
      case "rethrow":
        host.drop();
        host.rethrow?.();
        break;
    }
    show(answer, status, context);
  }

  function show({ share, warning, retry }: Answer, status: Snapshot | undefined, context: RequestContext): void {
    if (share) {
      tell(share);
    }
    if (warning) {
      warn(options, warning, context);
    }
    if (retry) {
      safely(options.onRetry, retry, context);
    }
    showStatus(status, context);
  }

  function showStatus(status: Snapshot | undefined, context: RequestContext): void {
    if (status) {
      registry?.set(session, status, over);
      safely(options.onStatus, status, context);
    }
  }

  function send(answer: Answer): void {
    trace?.opened(answer, describe());
    host.open(answer, describe());
  }

  /** Does what the core says with the bytes that are held, and gives those that go on, n of them. */
  function going(n: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    const moves = engine.moves(handle);
    if (!moves) {
      keep.release(n, pieces);
    }
    for (const { do: what, n: some, behind, bytes } of moves ?? []) {
      if (what === "put") {
        pieces.push(bytes!);
      } else if (what === "release") {
        keep.release(some, pieces);
      } else {
        keep[what](some, behind);
      }
    }
    return pieces;
  }

  function handOn(pieces: Uint8Array[]): void {
    for (const bytes of fewer(pieces)) {
      host.take?.(bytes);
    }
  }

  /** Has the core look at a piece of an attempt's body. */
  function look(number: number, piece: Uint8Array): Answer | undefined {
    if (number !== attempt) {
      return undefined;
    }
    keep.push(piece);
    const answer = engine.chunk(handle, number, piece, Date.now());
    if (typeof answer !== "number") {
      return answer;
    }
    const events = config.canReset && answer > 0 ? engine.events(handle) : undefined;
    if (events) {
      host.take?.(keep.lend(answer), events);
    } else {
      handOn(going(answer));
    }
    return undefined;
  }

  function open(answer: Answer): void {
    keep.clear();
    if (!answer.probe) {
      send(answer);
      return;
    }
    const number = attempt;
    lock(answer.bucket ?? "", (release) => {
      if (over || attempt !== number) {
        release?.();
      } else if (release) {
        unlock = release;
        send(answer);
      } else {
        session.report("probe_lost", { attempt });
      }
    });
  }

  function arm(at: number): void {
    clearTimeout(timer);
    overdue = false;
    roused = false;
    if (at) {
      set(at);
    }
  }

  function set(at: number): void {
    const looks = waiting && apart();
    const ms = Math.min(Math.max(at - Date.now(), 0), looks ? lookEvery : maxTimer);
    timer = looks ? setTimeout(lookAgain, ms, at) : setTimeout(session.tick, ms);
    if (!waiting) {
      // A wait keeps Node.js alive. An open attempt does so by itself, and an abandoned one should not.
      (timer as { unref?: () => void }).unref?.();
    }
  }

  function end(): void {
    over = true;
    clearTimeout(timer);
    ignoreAbort();
    leave(id);
    unlock?.();
    wake();
    try {
      engine.free(handle);
    } catch {
      // It has trapped: nothing is left to be freed.
    }
  }

  const session: Session = {
    report(what, more) {
      if (!over) {
        const happened = { what, now: Date.now(), ...more };
        trace?.heard(happened);
        if (more?.request) {
          request = more.request;
          about = undefined;
        }
        step(() => engine.event(handle, happened));
      }
    },
    chunk(number, bytes) {
      for (let at = 0; at < bytes.length && !over; at += maxChunk) {
        const piece = bytes.length > maxChunk ? bytes.subarray(at, at + maxChunk) : bytes;
        step(() => look(number, piece));
      }
    },
    hold(on) {
      held = on;
      if (!on && overdue && !over) {
        overdue = false;
        timer = setTimeout(session.tick, afterHold);
      }
    },
    relayed(state, retry) {
      if (shown && !over) {
        const now = engine.snapshot(handle);
        const failures = retry?.attempt ?? 0;
        const attempt = state === "opening" ? failures + 1 : failures;
        const theirs = state && retry && { state, attempt, failures, retry, waitingFor: "server" as const };
        showStatus(frozen({ ...now, ...theirs }), describe());
      }
    },
    rewrite: (body) => engine.rewrite(handle, body),
    tick() {
      if (held && !engine.trapped()) {
        overdue = true;
      } else {
        session.report("timer");
      }
    },
    rouse() {
      roused = true;
      wake();
    },
  };
  const host = makeHost(session);
  enter(id, session);
  hear(overheard);
  if (!apart()) {
    void heed();
  }
  ignoreAbort = onAbort(signal, () => session.report("abort"));
  session.report(signal?.aborted ? "abort" : "start");
  return session;
}
