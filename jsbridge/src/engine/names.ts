import { maps } from "./shapes.gen.js";

// Names are in snake_case across the boundary and on the wire, and in camelCase
// in JavaScript. Values, such as kinds, are the same on both sides.

type Snake<S extends string> = S extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${Snake<Rest>}`
  : S;

/** A shape as it is on the wire. */
export type Wire<T> = T extends readonly (infer E)[]
  ? Wire<E>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { [K in keyof T as K extends string ? Snake<K> : K]: Wire<T[K]> }
    : T;

/** Caches names: there are few, and each occurs thousands of times. */
function once(rename: (name: string) => string): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    let renamed = known.get(name);
    if (renamed === undefined) {
      renamed = rename(name);
      if (known.size < 1000) {
        known.set(name, renamed);
      }
    }
    return renamed;
  };
}

const camel = once((name) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
const snake = once((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) {
    return value.map((each) => renamed(each, rename));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const shape: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const own = (value as Record<string, unknown>)[name];
    shape[rename(name)] = typeof own !== "object" || maps.includes(name) ? own : renamed(own, rename);
  }
  return shape;
}

/** A shape from the wire. */
export const fromWire = (shape: unknown): unknown => renamed(shape, camel);

/** A shape for the wire. */
export const toWireShape = <T>(shape: T): Wire<T> => renamed(shape, snake) as Wire<T>;

/** The same shape, frozen. */
export function frozen<T>(shape: T): T {
  if (typeof shape === "object" && shape !== null) {
    Object.values(shape).forEach(frozen);
    Object.freeze(shape);
  }
  return shape;
}
