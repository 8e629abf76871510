/** What the fuzzer asks of a format, and how it runs one. */
import { assert } from "@std/assert";
import {
  DisposedError,
  FormatError,
  Generator,
  NonFiniteError,
  OptionError,
  PlanError,
  ShapeError,
} from "../../../mod.ts";
import { takeWork } from "../work.ts";

/** A format to be fuzzed. */
export interface Format<Input = unknown> {
  /** Makes an input with random faults. */
  make(random: Generator): Input;
  /** Reads an input. Each error must be a `FormatError`. Returns what is to be done with the result, if anything. */
  read(input: Input, random: Generator): unknown;
  /** Uses what was read. Each error must have a name of the library's. */
  // deno-lint-ignore no-explicit-any -- what `read` returns
  use?(result: any, random: Generator): unknown;
  /** Bytes of an input. */
  size(input: Input): number;
}

const NAMED = [DisposedError, FormatError, NonFiniteError, OptionError, PlanError, ShapeError];

/** The work of so many inputs is counted together: blocks that ran, six times as many as the worst hundred. */
const GROUP = 100, WORK = 1e8;

/** Bytes by which the process may grow at one input: 64 MiB are the readers' limit, and copies of them. */
const GROWTH = 400e6;

/** How many inputs were read. */
export interface Count {
  read: number;
  refused: number;
}

/**
 * Reads inputs `from` to before `to` of a seed; an input depends on the seed and its number only. Asserts that each is
 * read or refused with the right error, with little work and memory, and that no prototype changes.
 *
 * @param report Is told the number of each input before it is read.
 */
export async function fuzz<Input>(
  format: Format<Input>,
  { seed, from, to, report = () => {} }: { seed: number; from: number; to: number; report?: (i: number) => void },
): Promise<Count> {
  const count = { read: 0, refused: 0 }, prototypes = prototypeNames();
  let memory = Deno.memoryUsage().rss;
  await takeWork();
  for (let i = from; i < to; i++) {
    report(i);
    const random = new Generator(seed, i), input = format.make(random), what = `seed ${seed}, input ${i}`;
    let result: unknown;
    let isRead = false;
    try {
      result = await format.read(input, random);
      isRead = true;
    } catch (error) {
      assert(error instanceof FormatError, `${what}: ${describe(error)}`);
    }
    try {
      if (isRead) await format.use?.(result, random);
    } catch (error) {
      assert(NAMED.some((Kind) => error instanceof Kind), `${what}, in use: ${describe(error)}`);
    }
    isRead ? count.read++ : count.refused++;
    if ((i + 1) % GROUP === 0) {
      const work = await takeWork();
      assert(work < WORK, `${what} and those before it: ${work} blocks ran`);
    }
    const now = Deno.memoryUsage().rss;
    assert(now - memory < GROWTH, `${what}: the process grew by ${now - memory} for ${format.size(input)} bytes`);
    memory = now;
    assert(prototypeNames() === prototypes, `${what}: a prototype has changed`);
  }
  return count;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}

function prototypeNames(): number {
  return [Object, Array, Function, Map].reduce((sum, { prototype }) => sum + Reflect.ownKeys(prototype).length, 0);
}
