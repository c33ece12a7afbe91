import type { AttemptEvent, Options, RequestContext } from "../api/options.js";
import { engine } from "../engine/module.js";
import type { Answer } from "../engine/shapes.gen.js";
import { safely } from "./warn.js";

/**
 * Collects the facts of the current attempt, and reports them when it has ended. With `stream()`, which can reset,
 * every failure is an error event.
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

  // Any code can end an attempt, by an abort or a press of Stop. The listener
  // is called in the asynchronous context of the code that made the request.
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
    /** The attempt is being sent. Not every attempt that the core asks for is: another tab may go first. */
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
            "gen_ai.provider.name": options.provider || engine().ask("classify", { url }).provider || undefined,
            "gen_ai.request.model": context.model,
          },
        };
        ended.push([JSON.parse(JSON.stringify(event)), { ...context, attempt: number }]); // drops unknown values
      }
      start = 0;
      over = !retries;
      wake();
    },
  };
}
