/**
 * A fetch whose LLM streams survive. One small module, written in Go, decides
 * whether, when and how a request is tried again; this package loads it, sends
 * the requests and moves the bytes.
 *
 * @module
 */
export { classify, classifyResponse, delay, explain } from "./classify.js";
export { type Controller, createController } from "./controller.js";
export { RetryError } from "./error.js";
export { createFetch } from "./fetch.js";
export { init, type ModuleSource } from "./init.js";
export type { AttemptEvent, FetchOptions, Options, PolicyOptions, ResumeRequest } from "./options.js";
export { type RetryAttempt, type RetryOptions, retry } from "./retry.js";
export { type ChatStreamEvent, type StreamOptions, stream } from "./stream.js";
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
} from "./wire.gen.js";
