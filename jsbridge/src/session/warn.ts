import type { Options, RequestContext } from "../api/options.js";

/** Where the rules are explained. */
const meaning = "https://github.com/steadfetch/steadfetch/blob/main/docs/reference.md#warnings";

/** The rules that each listener was already warned of. */
const told = new WeakMap<object, Set<string>>();

/** Warns once of a rule about the set-up: through the caller's callback, or else on the console. */
export function warn(options: Options, rule: string, context?: RequestContext, text = `${rule}, see ${meaning}`): void {
  const { onWarning } = options;
  const listener = onWarning ?? console;
  const rules = told.get(listener) ?? new Set();
  told.set(listener, rules);
  if (rules.has(rule)) {
    return;
  }
  rules.add(rule);
  if (onWarning) {
    safely("onWarning", options, onWarning, rule, context);
  } else {
    console.warn(`steadfetch: ${text}`);
  }
}

/** The callbacks whose failure is already on the console. */
const failed = new WeakSet<object>();

/** Of callbacks that are running. */
export const running = { count: 0 };

/**
 * Calls a caller's callback. If it throws or its promise rejects, no session is
 * disturbed and the process does not end: the error is logged to the console,
 * once for each callback, and reported to onWarning.
 */
export function safely<T extends unknown[]>(
  name: string,
  options: Options,
  callback: ((...args: T) => unknown) | undefined,
  ...args: T
): void {
  const report = (error: unknown) => {
    if (!failed.has(callback!)) {
      failed.add(callback!);
      console.error(`steadfetch: ${name} failed, and no request was disturbed by it:`, error);
    }
    if (options.onWarning && name !== "onWarning") {
      warn(options, "callback_failed");
    }
  };
  running.count++;
  try {
    const result = callback?.(...args) as PromiseLike<unknown> | undefined;
    if (typeof result?.then === "function") {
      result.then(undefined, report);
    }
  } catch (error) {
    report(error);
  } finally {
    running.count--; // also where the console throws
  }
}
