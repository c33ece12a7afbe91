import type { AttemptEvent, Options, RequestContext } from "../api/options.js";
import { engine } from "../engine/module.js";
import type { Answer } from "../engine/shapes.gen.js";
import { safely } from "./warn.js";

/**
 * Keeps the facts of the attempt in force, and tells them when it has ended. Of `stream()`, which can reset, whatever
 * fails is an error event.
 */
export function attempts(options: Options, canReset: boolean) {
  const ended: [AttemptEvent, RequestContext][] = [];
  let wake = () => {};
  let over = false;
  let number = 0;
  let start = 0;
  let sent: string | undefined;
  let status: number | undefined;
  let kind: string | undefined;

  // An attempt can be ended by anyone: by who aborts it, or presses Stop. The
  // listener is called in the asynchronous context of who made the request.
  void (async () => {
    while (!over) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      for (const [event, context] of ended.splice(0)) {
        safely("onAttempt", options, options.onAttempt, event, context);
      }
    }
  })();

  return {
    /** The attempt is being sent: not every one that the core asks for is, as another tab may go first. */
    opened({ attempt = 1, resume }: Answer, { method }: RequestContext): void {
      number = attempt;
      start = Date.now();
      sent = resume?.method ?? method;
      status = kind = undefined;
    },
    heard(more: { status?: number }): void {
      status = more.status ?? status;
    },
    answered({ do: act, retry, verdict, last }: Answer, context: RequestContext): void {
      kind = retry?.kind ?? last?.kind ?? verdict?.kind ?? kind;
      if (act === "none" || act === "read" || act === "lend" || act === "recover") {
        return;
      }
      const retries = act === "wait" || act === "open";
      const failed = act === "fail" || act === "rethrow" || (canReset && verdict);
      if (start) {
        const { url = "" } = context;
        const to = URL.canParse?.(url) ? new URL(url) : undefined;
        const event = {
          attempt: number,
          start,
          end: Date.now(),
          outcome: retries ? "retry" : failed ? "fail" : "finish",
          delayMs: retry?.delayMs,
          attributes: {
            "http.request.method": sent,
            "server.address": to?.hostname,
            "server.port": to && (+to.port || (to.protocol === "http:" ? 80 : 443)),
            "http.request.resend_count": number - 1 || undefined,
            "http.response.status_code": status,
            "error.type": kind,
            "gen_ai.provider.name": options.provider || engine().classify({ url }).provider || undefined,
            "gen_ai.request.model": context.model,
          },
        };
        ended.push([JSON.parse(JSON.stringify(event)), { ...context, attempt: number }]); // drops what is not known
      }
      start = 0;
      over = !retries;
      wake();
    },
  };
}
