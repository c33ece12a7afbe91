import { registryOf, stopsOf } from "../api/controller.js";
import { type Options, policyOf, type RequestContext } from "../api/options.js";
import { type Engine, maxChunk } from "../engine/abi.js";
import type { Answer, Config, Ending, Happened, Snapshot, Verdict } from "../engine/shapes.gen.js";
import { onAbort } from "../net/signal.js";
import { inBrowser, isOffline } from "./browser.js";
import { makeClock } from "./clock.js";
import { fewer, joinBytes, makeHeld } from "./held.js";
import { makeListeners } from "./listeners.js";
import { enter, failAll, leave, newId, rouse } from "./live.js";
import { hear, makeProbe, tell } from "./tabs.js";

/** What a session needs from the code that sends requests and delivers the answers. */
export interface Host {
  /** Begins the attempt and reports its outcome. */
  open(answer: Answer): void;
  /** Reads the attempt's body into {@link Session.chunk}. */
  read?(): void;
  /** Lets go of the attempt, if there is one. */
  drop(): void;
  /**
   * Delivers bytes, which may be part of a larger buffer. They do not change any more; but if the events in them are
   * known, as returned by {@link Engine.events}, both are valid only until this returns.
   */
  take?(bytes: Uint8Array, events?: Int32Array): void;
  /** The consumer must discard what it has. */
  reset?(): void;
  /** The caller is asked for another request. Nothing more is read of the attempt, which may still be passed. */
  recover?(answer: Answer): void;
  /** A wait begins. */
  wait?(answer: Answer): void;
  /** The consumer gets the body unchanged, from `bytes` on. Its end is reported when all is read. */
  lend?(answer: Answer, bytes: Uint8Array | undefined): void;
  /** The caller gets the response unchanged, from `bytes` on. The session is over, as after the next three. */
  pass(answer: Answer, bytes: Uint8Array | undefined): void;
  /**
   * The answer is complete, though its transport may not have ended. Returns the verdict in it, if a server
   * reported a failure.
   */
  finish(answer: Answer): Verdict | undefined;
  fail(answer: Answer): void;
  /** The caller gets the error that the attempt threw. */
  rethrow?(): void;
  /** The module has trapped. */
  crash(error: unknown): void;
}

/** One request, as the caller sees it. */
export interface Session {
  report(what: Happened["what"], more?: Partial<Happened>): void;
  /** Passes in a piece of an attempt's body. */
  chunk(attempt: number, bytes: Uint8Array): void;
  /** Nothing is read for now, because the consumer reads nothing. Clocks are paused meanwhile. */
  hold(held: boolean): void;
  /** Shows how far the answer is by what a server that relays it says; if undefined, by what the core knows. */
  relayed(better?: Partial<Snapshot>): void;
  /** The body of the request to open, when the answer has `rewrite`. */
  rewrite(body: string): string;
  /** The request, for the caller's callbacks. */
  describe(): RequestContext;
  /** How the answer ended. Only valid during finish(). */
  ending(): Ending;
}

/** How much of a request's body the core gets at a time, in bytes. */
const bodyPiece = 64 << 10;

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
  /** What {@link stopsOf} was when the caller made the request. */
  stops: number | undefined,
  body: Uint8Array = new Uint8Array(),
): Session {
  const id = newId();
  const handle = engine.open({
    id,
    seed: Math.floor(Math.random() * 2 ** 32),
    opaqueErrors: inBrowser(),
    offline: isOffline(),
    manual: registryOf(options.controller)?.manual ?? false,
    ...config,
    policy: policyOf(options),
    ...(options.provider && { provider: options.provider }),
    ...(options.restore && { restore: options.restore }),
  });
  for (let at = 0; at < body.length && engine.body(handle, body.subarray(at, at + bodyPiece)); at += bodyPiece) {}
  const steps: (() => Answer | undefined)[] = [];
  const keep = makeHeld();
  const probe = makeProbe();
  let busy = false;
  let over = false;
  let attempt = 0;
  let waiting = false;
  let found: Int32Array | undefined; // events in the bytes that the current answer releases

  /** Runs one step at a time: callbacks may ask for the next one in the middle of a step. */
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
      over = true;
      host.drop();
      host.crash(error);
      if (worked && engine.trapped()) {
        failAll();
      }
    }
    if (over) {
      end();
    }
    busy = false;
  }

  function act(answer: Answer): void {
    attempt = answer.attempt ?? attempt;
    waiting = answer.do === "none" ? waiting : answer.do === "wait";
    clock.set(answer.timerAt ?? 0, waiting);
    rouse(answer.wake);
    if (answer.reset) {
      host.reset?.();
    }
    const events = answer.bytes && found;
    found = undefined;
    const asItIs = answer.do === "pass" || answer.do === "lend";
    const pieces = events ? [] : going(answer.bytes ?? 0);
    const rest = asItIs && pieces.length > 0 ? joinBytes(pieces) : undefined;
    if (events) {
      host.take?.(keep.lend(answer.bytes!), events);
    } else if (!asItIs) {
      handOn(pieces);
    }
    if (answer.do !== "none") {
      probe.end();
    }
    listeners.answered(answer);
    let brought: Verdict | undefined;
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
        host.recover?.(answer);
        break;
      case "wait":
        host.drop();
        host.wait?.(answer);
        break;
      case "lend":
        host.lend?.(answer, rest);
        break;
      case "pass":
        over = true;
        host.pass(answer, rest);
        break;
      case "finish":
        over = true;
        brought = host.finish(answer);
        break;
      case "fail":
        over = true;
        host.drop();
        host.fail(answer);
        break;
      case "rethrow":
        over = true;
        host.drop();
        host.rethrow?.();
        break;
    }
    if (answer.share) {
      tell(answer.share);
    }
    listeners.acted(answer, over, brought);
  }

  /** Does what the core says with the held bytes, and returns the n bytes to deliver. */
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
    const events = config.canReset && answer ? engine.events(handle) : undefined;
    if (typeof answer !== "number") {
      found = answer.do === "none" ? events : undefined;
      return answer;
    }
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
    probe.begin(answer.bucket ?? "", (first) => {
      if (first) {
        send(answer);
      } else {
        session.report("probe_lost", { attempt });
      }
    });
  }

  function send(answer: Answer): void {
    listeners.sent(answer);
    host.open(answer);
  }

  function end(): void {
    clock.stop();
    ignoreAbort();
    leave(id);
    probe.end();
    try {
      engine.free(handle);
    } catch {
      // It has trapped: there is nothing left to free.
    }
  }

  const session: Session = {
    report(what, more) {
      if (!over) {
        const happened = { what, now: Date.now(), ...more };
        listeners.happened(happened);
        step(() => engine.event(handle, happened));
      }
    },
    chunk(number, bytes) {
      for (let at = 0; at < bytes.length && !over; at += maxChunk) {
        const piece = bytes.length > maxChunk ? bytes.subarray(at, at + maxChunk) : bytes;
        step(() => look(number, piece));
      }
    },
    hold: (on) => clock.hold(on),
    relayed(better) {
      if (!over) {
        listeners.relayed(better);
      }
    },
    rewrite: (body) => engine.rewrite(handle, body),
    describe: () => listeners.describe(),
    ending: () => engine.ending(handle),
  };
  const listeners = makeListeners(engine, handle, options, config, session);
  const clock = makeClock(() => session.report("timer"));
  const host = makeHost(session);
  enter(id, { report: session.report, tick: clock.tick, rouse: clock.rouse });
  hear();
  const ignoreAbort = onAbort(signal, () => session.report("abort"));
  const stopped = () => stopsOf(options.controller) !== stops;
  session.report(signal?.aborted ? "abort" : stopped() ? "stop" : "start");
  if (stopped()) {
    session.report("stop"); // by what the start has called
  }
  return session;
}
