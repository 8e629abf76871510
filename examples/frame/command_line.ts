import { parseArgs } from "node:util";
import { FileError, requireWritable } from "@unroll/rnn/files";
import { exitWithError, print } from "./terminal.ts";

/** A wrong option or file: the program prints one line without a stack and ends with status 2. */
export class UsageError extends Error {}

/** Converts the text after an option to the option's value. */
export type Parser<T> = (name: string, text: string) => T;

/** The options of a program: a parser each, or `"flag"` for an option without a value. */
export type Parsers = Record<string, Parser<unknown> | "flag">;

/** The values of the options that stand on the command line. */
export type Values<P extends Parsers> = { [name in keyof P]?: P[name] extends Parser<infer T> ? T : true };

type Defaults = Record<string, number | string>;
type Widened<T extends Defaults> = { -readonly [name in keyof T]: T[name] extends number ? number : string };

/**
 * Reads the command line of a program: a number or a text after each option, as the option's default is. `--help`
 * prints `about` and the defaults. A wrong command line ends the program with one line on standard error and status 2.
 */
export function commandLine<const T extends Defaults>(about: string, defaults: T): Widened<T> {
  const options = Object.entries(defaults);
  const parsers = options.map(([name, value]) => [name, typeof value === "number" ? atLeastZero : text]);
  try {
    const values = readOptions(Deno.args, Object.fromEntries(parsers));
    if (values !== "help") return { ...defaults, ...values } as Widened<T>;
  } catch (error) {
    exitWithError((error as Error).message, 2);
  }
  const lines = options.map(([name, value]) => `  --${name.padEnd(14)}default ${value || "none"}\n`);
  print(`${about}\n\n${lines.join("")}\n`);
  Deno.exit(0);
}

/**
 * Reads options, `--name value` or `--name=value`; `"help"` if `--help` is among them.
 *
 * @throws {UsageError} When an argument is unknown, a value is missing or a parser rejects the value
 */
export function readOptions<const P extends Parsers>(args: string[], parsers: P): Values<P> | "help" {
  const all: Parsers = { ...parsers, help: "flag" };
  const options = Object.fromEntries(
    Object.entries(all).map(([name, parser]) => [name, { type: parser === "flag" ? "boolean" : "string" } as const]),
  );
  // Errors of the strict mode have several lines. The checks below are equally strict.
  const { values, tokens } = parseArgs({ args, options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional") throw new UsageError(`unexpected argument "${token.value}"`);
    if (token.kind === "option-terminator") continue;
    const { name, rawName, value } = token;
    if (!Object.hasOwn(all, name)) throw new UsageError(`unknown option ${rawName} (--help lists the options)`);
    if (all[name] === "flag" && value !== undefined) throw new UsageError(`--${name} takes no value`);
    if (all[name] !== "flag" && value === undefined) throw new UsageError(`--${name} needs a value`);
  }
  if (values.help) return "help";
  const parsed = Object.entries(values).map(([name, value]) => {
    const parser = all[name];
    return [name, parser === "flag" ? true : parser(name, value as string)];
  });
  return Object.fromEntries(parsed);
}

export const text: Parser<string> = (_, text) => text;
export const atLeastZero: Parser<number> = number("a number >= 0", (value) => value >= 0);
export const positive: Parser<number> = number("a number > 0", (value) => value > 0);

/** An integer from `low` to `high`. */
export function integer(low: number, high = Number.MAX_SAFE_INTEGER): Parser<number> {
  const range = high === Number.MAX_SAFE_INTEGER ? `>= ${low}` : `from ${low} to ${high}`;
  return number(`an integer ${range}`, (value) => Number.isInteger(value) && value >= low && value <= high);
}

export function oneOf<const T extends string>(...choices: T[]): Parser<T> {
  return (name, text) => {
    const choice = choices.find((choice) => choice === text);
    if (choice) return choice;
    throw new UsageError(`--${name} must be ${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}, got "${text}"`);
  };
}

/** The path of a file that can be written, checked before the work whose result the file is for. */
export const outputFile: Parser<string> = (_, path) => {
  try {
    requireWritable(path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new UsageError(error.message.replace("Cannot", "cannot"));
  }
  return path;
};

function number(expected: string, isValid: (value: number) => boolean): Parser<number> {
  return (name, text) => {
    // Number() alone converts "" to 0 and "0x10" to 16.
    const value = /^[-+.\de]+$/i.test(text) ? Number(text) : NaN;
    if (Number.isFinite(value) && isValid(value)) return value;
    throw new UsageError(`--${name} must be ${expected}, got "${text}"`);
  };
}
