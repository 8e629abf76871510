import {
  format,
  OptionError,
  requireArray,
  requireInteger,
  requireNumber,
  requireOneOf,
  requireRate,
} from "./errors.ts";

/** The check of an option: returns the value, or throws an OptionError that names the option. */
export type Check<Value> = (name: string, value: unknown) => Value;

/** The default of an option that must be given. */
export const REQUIRED = null;

/** The check of a value, or the texts that are allowed. */
type Allowed<Value> = Check<Value> | ([Value] extends [string] ? readonly Value[] : never);

type Given<Value> = Exclude<Value, undefined>;

/**
 * All options of one object: of each the check, and the default if there is one. The compiler sees to it that no option
 * is missing and none is there that the object does not have, when a table `satisfies` this type.
 */
export type Table<Options> = {
  readonly [K in keyof Required<Options>]: undefined extends Options[K]
    ? readonly [Allowed<Given<Options[K]>>, Given<Options[K]>?]
    : readonly [Allowed<Options[K]>, typeof REQUIRED];
};

/** The names of all options of one object, whose values are checked where they are used. */
export type Names<Options> = { readonly [K in keyof Required<Options>]: true };

/** A table of any options. */
// deno-lint-ignore no-explicit-any
type AnyTable = Readonly<Record<string, readonly [Check<any> | readonly string[], unknown?]>>;

/** The options of a table, checked, with the defaults filled in. */
export type Read<T extends AnyTable> =
  & {
    [K in keyof T as T[K] extends readonly [unknown, unknown] ? K : never]: ValueOf<T[K]>;
  }
  & { [K in keyof T as T[K] extends readonly [unknown, unknown] ? never : K]?: ValueOf<T[K]> };

type ValueOf<Entry> = Entry extends readonly [Check<infer Value>, ...unknown[]] ? Value
  : Entry extends readonly [readonly (infer Value)[], ...unknown[]] ? Value
  : never;

/**
 * Read an option object: all names must be known, all values are checked, defaults are filled in. A key with the value
 * undefined counts as missing.
 *
 * @param of The function that takes the options, for errors.
 * @param prefix What stands before the names in errors: that of an option that is an option object itself.
 * @throws {OptionError} When an option is unknown, out of range, or missing although it is required.
 */
export function readOptions<T extends AnyTable>(of: string, table: T, given: unknown, prefix = ""): Read<T> {
  requireKnown(of, table, given);
  const read: Record<string, unknown> = {};
  for (const name in table) {
    const [check, preset] = table[name];
    const value = (given as Record<string, unknown>)[name];
    if (value !== undefined || preset === REQUIRED) {
      const label = prefix + name;
      read[name] = typeof check === "function" ? check(label, value) : requireOneOf(label, value as string, check);
    } else if (preset !== undefined) read[name] = preset;
  }
  return read as Read<T>;
}

/**
 * Check the names of options alone; allocates nothing.
 *
 * @throws {OptionError} When an option is unknown: the error has the nearest known name, or else all names.
 */
export function requireKnown(of: string, table: object, given: unknown): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new OptionError(`Cannot read the options of ${of}: expected an object, got ${format(given)}`);
  }
  for (const name in given) {
    if (Object.hasOwn(table, name) || (given as Record<string, unknown>)[name] === undefined) continue;
    const names = Object.keys(table), near = nearest(name, names);
    const hint = near ? `did you mean "${near}"?` : names.length ? `expected ${names.join(", ")}` : "it has none";
    throw new OptionError(`Cannot read the options: unknown option "${name}" of ${of}: ${hint}`);
  }
}

/**
 * The name that shares most letters, in their order, with an unknown name: a typing error (`learningrate`), a part
 * (`batchSize`) or initials (`lr`) are near. Undefined when less than 8 in 10 letters of the shorter name are shared.
 */
function nearest(unknown: string, names: readonly string[]): string | undefined {
  const letters = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const a = letters(unknown);
  let best: string | undefined, most = 0;
  for (const name of names) {
    const b = letters(name), shared = commonLetters(a, b), shorter = Math.min(a.length, b.length);
    if (a === name[0] + name.replace(/[^A-Z]/g, "").toLowerCase()) return name;
    // Among equal shares the longer one, then the name that has less beside it.
    const score = shared / shorter + shared / 100 - b.length / 1e4;
    if (shared >= 0.8 * shorter && shared > 1 && score > most) [best, most] = [name, score];
  }
  return best;
}

/** The length of the longest common subsequence. */
function commonLetters(a: string, b: string): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const letter of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++) {
      next.push(letter === b[j] ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    }
    row = next;
  }
  return row[b.length];
}

/** An integer of at least 1. */
export const count: Check<number> = (name, value) => requireInteger(name, value, 1);

/** An integer of at least 0. */
export const natural: Check<number> = (name, value) => requireInteger(name, value, 0);

/** A finite number. */
export const finite: Check<number> = requireNumber;

/** A finite number of at least 0. */
export const nonNegative: Check<number> = (name, value) => requireNumber(name, value, 0);

/** A number from 0 to below 1. */
export const rate: Check<number> = requireRate;

/** Two numbers from 0 to below 1. */
export const ratePair: Check<readonly [number, number]> = (name, value) => {
  if (Array.isArray(value) && value.length === 2) return [rate(name, value[0]), rate(name, value[1])];
  return refuse(name, "two numbers", value);
};

/** A number above 0, which may be infinite. */
export const positive: Check<number> = (name, value) => {
  if (typeof value === "number" && value > 0) return value;
  return refuse(name, "a number > 0", value);
};

/** A finite number above 0. */
export const positiveFinite: Check<number> = (name, value) => {
  if (Number.isFinite(value) && (value as number) > 0) return value as number;
  return refuse(name, "a finite number > 0", value);
};

/** A number from 0 to 1. */
export const share: Check<number> = (name, value) => {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  return refuse(name, "a number from 0 to 1", value);
};

/** True or false. */
export const flag: Check<boolean> = (name, value) =>
  typeof value === "boolean" ? value : refuse(name, "true or false", value);

/** A text. */
export const text: Check<string> = (name, value) => typeof value === "string" ? value : refuse(name, "a text", value);

/** A list of anything, whose elements the caller checks. */
// deno-lint-ignore no-explicit-any
export const list: Check<any[]> = (name, value) => Array.isArray(value) ? value : refuse(name, "an array", value);

/** A list of texts. */
export const texts: Check<string[]> = (name, value) => list(name, value).map((element) => text(name, element));

/** A size of at least 1, or a list of one size for each layer. */
export const sizes: Check<number | number[]> = (name, value) => {
  if (!Array.isArray(value)) return count(name, value);
  if (!value.length) return refuse(name, "one size for each layer", []);
  return Array.from(value, (size) => count(name, size));
};

/** A copy of finite numbers. */
export const numbers: Check<number[]> = (name, value) =>
  Array.from(requireArray(name, value), (element) => finite(name, element));

/** A value that the caller checks. */
// deno-lint-ignore no-explicit-any
export const anything: Check<any> = (_, value) => value;

/** What ends a long call early. */
export const signal: Check<AbortSignal> = (name, value) => requireMade(name, value, "throwIfAborted", "an AbortSignal");

/** The options of a call that may end early and has no others. */
export const RUN = { signal: [signal] } satisfies Table<{ signal?: AbortSignal }>;

/**
 * Check that a value is an object with this member, and return it: a cell, a loss, an optimizer.
 *
 * @param what What makes such objects, for the error.
 */
export function requireMade<Made>(name: string, value: unknown, member: string, what: string): Made {
  if (typeof value === "object" && value !== null && member in value) return value as Made;
  const hint = typeof value === "function" ? ": call it" : "";
  throw new OptionError(`"${name}" must be ${what}, got ${format(value)}${hint}`);
}

/** Refuse the value of an option. */
export function refuse(name: string, expected: string, value: unknown): never {
  throw new OptionError(`"${name}" must be ${expected}, got ${format(value)}`);
}

/**
 * A table, or names, with others added. Bundlers drop a call marked as pure where nothing reads its result, and keep an
 * object spread and everything that it names.
 */
export function extended<const A extends object, const B extends object, const C extends object = object>(
  first: A,
  second: B,
  third?: C,
): A & B & C {
  return { ...first, ...second, ...third as C };
}

/** Some entries of a table. */
export function picked<T extends object, K extends keyof T>(table: T, ...names: K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, table[name]])) as Pick<T, K>;
}
