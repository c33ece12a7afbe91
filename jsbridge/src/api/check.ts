/** The type of an option: for a list of words, one of them; else what `typeof` says, or a type of our own. */
export type OptionType = "number" | "boolean" | "string" | "function" | "object" | readonly string[] | OwnType;

/** A type that `typeof` does not know. */
export interface OwnType {
  is(value: unknown): unknown;
  name: string;
}

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
  if (type === "number") {
    return typeof value === "number" && value >= 0 ? undefined : "a number of at least 0";
  }
  if (typeof type === "string") {
    return typeof value === type && value !== null ? undefined : `${type === "object" ? "an" : "a"} ${type}`;
  }
  if ("is" in type) {
    return type.is(value) ? undefined : type.name;
  }
  return type.includes(value as string) ? undefined : `one of ${type.map((word) => `"${word}"`).join(", ")}`;
}

/** The name that the fewest typos turn into this one. */
function nearest(name: string, names: string[]): string | undefined {
  for (let typos = 0; typos <= maxTypos; typos++) {
    const meant = names.find((other) => isWithin(typos, name.toLowerCase(), other.toLowerCase()));
    if (meant) {
      return meant;
    }
  }
  return undefined;
}

/** Whether inserting, deleting or changing so many letters makes the two equal (Levenshtein). */
function isWithin(typos: number, a: string, b: string): boolean {
  if (a === b) {
    return true;
  }
  const [a1, b1] = [a.slice(1), b.slice(1)];
  return a[0] === b[0]
    ? isWithin(typos, a1, b1)
    : typos > 0 && (isWithin(typos - 1, a1, b1) || isWithin(typos - 1, a1, b) || isWithin(typos - 1, a, b1));
}
