import { safely } from "../api/controller.js";
import type { Options } from "../api/options.js";

const warned = new Set<string>();

/** Tells a caller, or else the console, once, of a rule that speaks of the set-up. */
export function warn({ onWarning }: Options, rule: string, text = rule): void {
  if (onWarning) {
    safely(onWarning, rule);
  } else if (!warned.has(rule)) {
    warned.add(rule);
    console.warn(`steadfetch: ${text}`);
  }
}
