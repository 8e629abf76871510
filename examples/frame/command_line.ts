import { exit, stderr } from "node:process";
import { parseArgs } from "node:util";

/** Values of options by name. */
type Options = Record<string, number | string>;
/** The types of options, from their defaults. */
type Widened<T extends Options> = { -readonly [K in keyof T]: T[K] extends number ? number : string };

/**
 * What the command line says, `--name value` for each option: a number where the default is one. `--help` prints `about`
 * and the defaults; whatever cannot be understood is one line on stderr and exit status 2.
 */
export function commandLine<const T extends Options>(about: string, defaults: T): Widened<T> {
  try {
    const values = readOptions(Deno.args, defaults);
    if (values) return values;
  } catch (error) {
    stderr.write(`error: ${(error as Error).message}\n`);
    exit(2);
  }
  const lines = Object.entries(defaults).map(([name, value]) => `  --${name.padEnd(14)}default ${value || "none"}\n`);
  console.log(`${about}\n\n${lines.join("")}`);
  exit(0);
}

/** The options among the arguments; undefined when they ask for help. */
export function readOptions<const T extends Options>(args: string[], defaults: T): Widened<T> | undefined {
  const known = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" } as const]));
  // Not strict, because its errors run over several lines; the checks below are as strict.
  const options = { ...known, help: { type: "boolean" } as const };
  const { values, positionals } = parseArgs({ args, options, strict: false, allowPositionals: true });
  if (values.help) return undefined;
  const read = { ...defaults } as Options;
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(defaults, name)) throw new Error(`unknown option --${name} (--help lists the options)`);
    if (typeof value !== "string") throw new Error(`--${name} needs a value`);
    read[name] = typeof defaults[name] === "number" ? readNumber(name, value) : value;
  }
  if (positionals.length) throw new Error(`unexpected argument "${positionals[0]}"`);
  return read as Widened<T>;
}

function readNumber(name: string, text: string): number {
  // Number() alone would take "" for 0.
  const value = text.trim() ? Number(text) : NaN;
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name} must be a number >= 0, got "${text}"`);
}
