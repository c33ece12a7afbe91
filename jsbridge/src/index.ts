/**
 * A fetch whose LLM streams survive. One small module, written in Go, decides
 * whether, when and how a request is tried again; this package loads it, sends
 * the requests and moves the bytes.
 *
 * @module
 */
export { classify, classifyResponse, delay, explain } from "./api/classify.js";
export { type Controller, type ControllerOptions, createController } from "./api/controller.js";
export { RetryError } from "./api/error.js";
export { createFetch } from "./api/fetch.js";
export type { ChatStreamMessage } from "./api/messages.js";
export type {
  AttemptEvent,
  FetchOptions,
  Options,
  PolicyOptions,
  RecoverRequest,
  RequestContext,
  ResumeRequest,
} from "./api/options.js";
export { toResponse } from "./api/relay.js";
export { type RetryAttempt, type RetryOptions, retry } from "./api/retry.js";
export {
  type ChatStreamEvent,
  type ChatStreamFinish,
  type ChatStreamIterator,
  type StreamOptions,
  stream,
} from "./api/stream.js";
export { toWire, type WireError, type WireEvent } from "./api/wire.js";
export { type InitOptions, init, type ModuleSource } from "./engine/init.js";
export type {
  ChatStreamRetry,
  ErrorInfo,
  Failure,
  Kind,
  Policy,
  Resume,
  Snapshot,
  Step,
  Trail,
  Verdict,
} from "./engine/shapes.gen.js";
