import { fromWire, toWireShape, type Wire } from "../engine/names.js";
import type { ChatStreamRetry, Verdict } from "../engine/shapes.gen.js";
import { RetryError } from "./error.js";
import { message } from "./messages.js";
import type { ChatStreamEvent, ChatStreamFinish } from "./stream.js";

/** An event as servers send it on: its names are in snake_case, and a person may see all of its texts. */
export type WireEvent =
  | { type: "message"; message: { event: string; data: string; id: string } }
  | { type: "retry"; retry: Wire<ChatStreamRetry> }
  | { type: "reset" }
  | { type: "finish"; finish: Wire<Omit<ChatStreamFinish, "type">> }
  | { type: "error"; error: WireError };

/** Why a request failed for good. */
export interface WireError
  extends Pick<
    Wire<Verdict>,
    "message" | "detail" | "kind" | "provider" | "retryable" | "title" | "party" | "retry_after_ms"
  > {
  status_code?: number;
}

/** An event of `stream()` in the form in which a server sends it on: `{"type":"retry","retry":{"attempt":1,"delay_ms":…}}`. */
export function toWire(event: ChatStreamEvent): WireEvent {
  switch (event.type) {
    case "message": {
      const { type, event: name, data, id } = event;
      return { type, message: { event: name, data, id } };
    }
    case "retry":
      return { type: "retry", retry: toWireShape(event.retry) };
    case "reset":
      return event;
    case "finish": {
      const { type, ...finish } = event;
      return { type, finish: toWireShape(finish) };
    }
    case "error": {
      const { status, rule: _rule, chain_broken: _broken, ...shown } = toWireShape(event.verdict);
      return { type: "error", error: { ...shown, ...(status && { status_code: status }) } };
    }
  }
}

/** The event of which `toWire` made this; undefined if it is of an unknown type. Throws if it is none. */
export function ofWire(wire: WireEvent): ChatStreamEvent | undefined {
  switch (wire.type) {
    case "message":
      return message(wire.message.event, wire.message.data, wire.message.id);
    case "retry": {
      const retry = fromWire(wire.retry) as ChatStreamRetry;
      new Date(Date.now() + retry.delayMs).toISOString(); // a delay that is no time throws
      return { type: "retry", retry };
    }
    case "reset":
      return { type: "reset" };
    case "finish":
      return { type: "finish", ...(fromWire(wire.finish) as object) };
    case "error": {
      const { status_code, ...shown } = wire.error;
      const verdict = { ...(fromWire(shown) as Verdict), ...(status_code && { status: status_code }) };
      return { type: "error", verdict, error: new RetryError(verdict, 0) };
    }
    default:
      return undefined;
  }
}
