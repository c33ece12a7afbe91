import { safely } from "./controller.js";
import { engine } from "./module.js";
import type { AttemptEvent } from "./options.js";
import type { Answer, Happened, Request } from "./wire.gen.js";

/** Keeps the facts of the attempt in force, and tells them when it has ended. */
export function attempts(tell: (event: AttemptEvent) => void, { url = "", method }: Request, provider?: string) {
  const attributes: AttemptEvent["attributes"] = {};
  if (method) {
    attributes["http.request.method"] = method;
  }
  if (URL.canParse?.(url)) {
    const { hostname, port, protocol } = new URL(url);
    attributes["server.address"] = hostname;
    attributes["server.port"] = +port || (protocol === "http:" ? 80 : 443);
  }
  const known = provider || engine().classify({ url }).provider;
  if (known) {
    attributes["gen_ai.provider.name"] = known;
  }
  let current: AttemptEvent | undefined;

  const end = (outcome: AttemptEvent["outcome"], { retry, verdict, last }: Answer) => {
    const event = current;
    current = undefined;
    if (event) {
      const kind = retry?.kind ?? last?.kind ?? verdict?.kind;
      if (kind) {
        event.attributes["error.type"] = kind;
      }
      if (retry) {
        event.delayMs = retry.delay_ms;
      }
      safely(tell, { ...event, end: Date.now(), outcome });
    }
  };
  return {
    heard({ what, attempt, status }: Happened): void {
      if (what === "response" && status && attempt === current?.attempt) {
        current!.attributes["http.response.status_code"] = status;
      }
    },
    answered(answer: Answer): void {
      const { attempt = 1 } = answer;
      switch (answer.do) {
        case "open":
          end("retry", answer);
          current = { attempt, start: Date.now(), end: 0, outcome: "retry", attributes: { ...attributes } };
          if (attempt > 1) {
            current.attributes["http.request.resend_count"] = attempt - 1;
          }
          break;
        case "wait":
          end("retry", answer);
          break;
        case "pass":
        case "finish":
          end("finish", answer);
          break;
        case "fail":
          end("fail", answer);
          break;
      }
    },
  };
}
