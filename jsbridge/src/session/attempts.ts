import { safely } from "../api/controller.js";
import type { AttemptEvent } from "../api/options.js";
import { engine } from "../engine/module.js";
import type { Answer, Request } from "../engine/shapes.gen.js";

/** Keeps the facts of the attempt in force, and tells them when it has ended. */
export function attempts(tell: (event: AttemptEvent) => void, { url = "", method }: Request, provider?: string) {
  const to = URL.canParse?.(url) ? new URL(url) : undefined;
  let number = 0;
  let start = 0;
  let sent = method;
  let status: number | undefined;
  return {
    /** The attempt is being sent: not every one that the core asks for is, as another tab may go first. */
    opened({ attempt = 1, resume }: Answer): void {
      number = attempt;
      start = Date.now();
      sent = resume?.method ?? method;
      status = undefined;
    },
    heard(more: { status?: number }): void {
      status = more.status ?? status;
    },
    answered({ do: act, retry, verdict, last }: Answer): void {
      if (act === "none" || act === "read") {
        return;
      }
      if (start) {
        const event = {
          attempt: number,
          start,
          end: Date.now(),
          outcome: act === "fail" ? act : act === "wait" || act === "open" ? "retry" : "finish",
          delayMs: retry?.delayMs,
          attributes: {
            "http.request.method": sent,
            "server.address": to?.hostname,
            "server.port": to && (+to.port || (to.protocol === "http:" ? 80 : 443)),
            "http.request.resend_count": number - 1 || undefined,
            "http.response.status_code": status,
            "error.type": retry?.kind ?? last?.kind ?? verdict?.kind,
            "gen_ai.provider.name": provider || engine().classify({ url }).provider || undefined,
          },
        };
        safely(tell, JSON.parse(JSON.stringify(event)) as AttemptEvent); // drops what is not known
      }
      start = 0;
    },
  };
}
