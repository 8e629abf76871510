import { parseArgs } from "node:util";
import { UsageError } from "./errors.ts";

/** How long to train. */
export type Budget = { seconds: number } | { steps: number } | { epochs: number };

/** What the command line asks for. */
export interface Options {
  /** Path of a text; none means Moby Dick. */
  corpus?: string;
  cell: Cell;
  hidden: number;
  layers: number;
  /** None means that nothing is trained: a loaded model only writes. */
  budget?: Budget;
  batch: number;
  unroll: number;
  learningRate: number;
  seed: number;
  prompt: string;
  length: number;
  temperature: number;
  save?: string;
  load?: string;
  report?: string;
  quiet: boolean;
}

type Cell = "rnn" | "gru" | "lstm";

/** The rates that learn most in a minute: the gates of an LSTM start slowly, a plain cell is easily upset. */
const LEARNING_RATES: Record<Cell, number> = { rnn: 0.003, gru: 0.005, lstm: 0.007 };

const BUDGETS = ["seconds", "steps", "epochs"] as const;
const TEXTS = ["corpus", "cell", "prompt", "save", "load", "report"] as const;
const NUMBERS = ["hidden", "layers", "batch", "unroll", "learning-rate", "seed", "length", "temperature"] as const;
const FLAGS = ["quiet", "help"] as const;

type Given =
  & { [name in typeof TEXTS[number] | typeof NUMBERS[number] | typeof BUDGETS[number]]?: string }
  & { [name in typeof FLAGS[number]]?: boolean };

/** Read the command line; `"help"` when it asks for that. */
export function parseOptions(args: string[]): Options | "help" {
  const given = read(args);
  if (given.help) return "help";
  refuseContradictions(given);
  const cell = oneOf("cell", given.cell ?? "lstm", Object.keys(LEARNING_RATES) as Cell[]);
  return {
    corpus: given.corpus,
    cell,
    hidden: integer(given, "hidden", 1) ?? 128,
    layers: integer(given, "layers", 1, 100) ?? 1,
    budget: budget(given),
    batch: integer(given, "batch", 1) ?? 20,
    unroll: integer(given, "unroll", 1) ?? 25,
    learningRate: positive(given, "learning-rate") ?? LEARNING_RATES[cell],
    seed: integer(given, "seed", 0) ?? 1,
    prompt: given.prompt ?? "",
    length: integer(given, "length", 0) ?? 500,
    temperature: number(given, "temperature", "a number >= 0", (value) => value >= 0 && value < Infinity) ?? 0.6,
    save: given.save,
    load: given.load,
    report: given.report,
    quiet: given.quiet ?? false,
  };
}

function read(args: string[]): Given {
  const text = { type: "string" } as const, flag = { type: "boolean" } as const;
  const known = Object.fromEntries([
    ...[...TEXTS, ...NUMBERS, ...BUDGETS].map((name) => [name, text]),
    ...FLAGS.map((name) => [name, flag]),
  ]);
  // Not strict, because its errors run over several lines; the checks below are as strict.
  const { values, tokens } = parseArgs({ args, options: known, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional") throw new UsageError(`unexpected argument "${token.value}"`);
    if (token.kind === "option-terminator") continue;
    if (!Object.hasOwn(known, token.name)) {
      throw new UsageError(`unknown option ${token.rawName} (--help lists the options)`);
    }
    if (known[token.name] === text && token.value === undefined) throw new UsageError(`--${token.name} needs a value`);
    if (known[token.name] === flag && token.value !== undefined) throw new UsageError(`--${token.name} takes no value`);
  }
  return values as Given;
}

function refuseContradictions(given: Given): void {
  const budgets = BUDGETS.filter((name) => given[name] !== undefined);
  if (budgets.length > 1) throw new UsageError(`--${budgets[0]} and --${budgets[1]} exclude each other`);
  if (given.load === undefined) return;
  for (const name of ["cell", "hidden", "layers"] as const) {
    if (given[name] !== undefined) throw new UsageError(`--${name} cannot change a loaded model: leave it out`);
  }
  if (budgets.length > 0) return;
  for (const name of ["corpus", "batch", "unroll", "learning-rate", "save", "report"] as const) {
    if (given[name] === undefined) continue;
    throw new UsageError(`--${name} with --load is for training: give --seconds, --steps or --epochs too`);
  }
}

function budget(given: Given): Budget | undefined {
  const seconds = positive(given, "seconds"), steps = integer(given, "steps", 1), epochs = integer(given, "epochs", 1);
  if (steps !== undefined) return { steps };
  if (epochs !== undefined) return { epochs };
  if (seconds !== undefined) return { seconds };
  return given.load === undefined ? { seconds: 50 } : undefined;
}

function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((choice) => choice === value);
  if (choice) return choice;
  throw new UsageError(`--${name} must be ${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}, got "${value}"`);
}

function integer(given: Given, name: keyof Given, low: number, high = Number.MAX_SAFE_INTEGER): number | undefined {
  const range = high === Number.MAX_SAFE_INTEGER ? `>= ${low}` : `from ${low} to ${high}`;
  const fits = (value: number) => Number.isInteger(value) && value >= low && value <= high;
  return number(given, name, `an integer ${range}`, fits);
}

function positive(given: Given, name: keyof Given): number | undefined {
  return number(given, name, "a number > 0", (value) => value > 0 && value < Infinity);
}

function number(given: Given, name: keyof Given, what: string, fits: (value: number) => boolean): number | undefined {
  const text = given[name];
  if (typeof text !== "string") return undefined;
  // Number() alone would take "" for 0 and "0x10" for 16.
  const value = /^[-+.\de]+$/i.test(text) ? Number(text) : NaN;
  if (fits(value)) return value;
  throw new UsageError(`--${name} must be ${what}, got "${text}"`);
}
