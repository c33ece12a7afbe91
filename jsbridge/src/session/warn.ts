import { safely } from "../api/controller.js";
import type { Options, RequestContext } from "../api/options.js";

/** The rules that each listener was told. */
const told = new WeakMap<object, Set<string>>();

/** Tells a caller, or else the console, once, of a rule that speaks of the set-up. */
export function warn({ onWarning }: Options, rule: string, context?: RequestContext, text = rule): void {
  const listener = onWarning ?? console;
  const rules = told.get(listener) ?? new Set();
  told.set(listener, rules);
  if (rules.has(rule)) {
    return;
  }
  rules.add(rule);
  if (onWarning) {
    safely(onWarning, rule, context);
  } else {
    console.warn(`steadfetch: ${text}`);
  }
}
