import { isSignal } from "../net/signal.js";
import { registryOf } from "./controller.js";

/** The type of an option: for a list of words, one of them. */
export type OptionType =
  | "number"
  | "boolean"
  | "string"
  | "function"
  | "object"
  | "signal"
  | "controller"
  | readonly string[];

/** The names of options and their types. */
export type OptionTypes = Readonly<Record<string, OptionType>>;

/** The most letters by which a name may differ from the intended one. */
const maxTypos = 3;

/** Throws a TypeError that names the first option that does not exist, or has a value that it cannot have. */
export function check(caller: string, options: unknown, types: OptionTypes): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${caller}: the options must be an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (!type) {
      const meant = nearest(name, Object.keys(types));
      throw new TypeError(`${caller}: there is no option ${name}${meant ? `; did you mean ${meant}?` : ""}`);
    }
    const must = value === undefined ? undefined : mistake(value, type);
    if (must) {
      throw new TypeError(`${caller}: ${name} must be ${must}`);
    }
  }
}

/** What the value should be; undefined if it is valid. */
function mistake(value: unknown, type: OptionType): string | undefined {
  switch (type) {
    case "number":
      return typeof value === "number" && value >= 0 ? undefined : "a number of at least 0";
    case "controller":
      return registryOf(value) ? undefined : "a controller from createController()";
    case "signal":
      return isSignal(value) ? undefined : "an AbortSignal";
    case "boolean":
    case "string":
    case "function":
    case "object":
      return typeof value === type && value !== null ? undefined : `${type === "object" ? "an" : "a"} ${type}`;
    default:
      return type.includes(value as string) ? undefined : `one of ${type.map((word) => `"${word}"`).join(", ")}`;
  }
}

function nearest(name: string, names: string[]): string | undefined {
  const [best] = names
    .map((other) => ({ other, typos: distance(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.typos - b.typos);
  return best && best.typos <= maxTypos ? best.other : undefined;
}

/** How many letters have to be inserted, deleted or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
