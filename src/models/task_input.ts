import { OptionError, requireInteger, ShapeError } from "../errors.ts";
import type { Sequence } from "./seq2seq_options.ts";
import { Side } from "./seq2seq_tokens.ts";
import type { Tokens } from "./model_file.ts";
import type { TaskSequence } from "./task_options.ts";

/** What a model reads: tokens, or values of so many features. */
export class TaskInput {
  /** Of a model that reads tokens. */
  readonly tokens?: Tokens;
  /** Of a model that reads values. */
  readonly features?: number;
  readonly #side?: Side;

  /** @throws {OptionError} Unless exactly one of the two is given. */
  constructor({ tokens, features }: { readonly tokens?: Tokens; readonly features?: number }) {
    if ((tokens === undefined) === (features === undefined)) {
      throw new OptionError('Either "tokens" or "features" must be given: a model reads tokens or values');
    }
    if (features !== undefined) requireInteger("features", features, 1);
    if (typeof tokens === "number") requireInteger("tokens", tokens, 1);
    this.tokens = tokens;
    this.features = features;
    this.#side = tokens === undefined ? undefined : new Side("sequence", tokens, Infinity);
  }

  /** The number of tokens there are; undefined where values are read. */
  get size(): number | undefined {
    return this.#side?.size;
  }

  /**
   * Each sequence as ids `[T]` or values `[T, features]`.
   *
   * @throws {OptionError} When one is empty, or has an unknown token or a number that is not finite.
   * @throws {ShapeError} When one is not made of rows of so many features.
   */
  encode(sequences: readonly TaskSequence[]): ArrayLike<number>[] {
    const side = this.#side;
    return sequences.map((sequence, i) =>
      side ? side.encode(sequence as Sequence, i) : valuesOf(sequence, this.features!, i)
    );
  }

  /** The most steps of any. */
  longest(sequences: readonly ArrayLike<number>[]): number {
    return sequences.reduce((longest, { length }) => Math.max(longest, length / (this.features ?? 1)), 1);
  }
}

function valuesOf(sequence: TaskSequence, features: number, number: number): Float32Array {
  if (typeof sequence === "string") {
    throw new OptionError(`Cannot read sequence ${number}: it must be values, got ${JSON.stringify(sequence)}`);
  }
  const rows = typeof sequence[0] === "number" ? [sequence as ArrayLike<number>] : sequence;
  const flat = typeof sequence[0] === "number";
  for (let t = 0; t < rows.length; t++) {
    const { length } = rows[t] as ArrayLike<number>;
    if (flat ? length % features === 0 : length === features) continue;
    const got = flat ? `${length} elements` : `${length} at step ${t}`;
    throw new ShapeError(`Cannot read sequence ${number}: each step must have ${features} values, got ${got}`);
  }
  const values = Float32Array.from(
    flat ? rows[0] as ArrayLike<number> : Array.from(rows as ArrayLike<number[]>).flat(),
  );
  if (!values.length) throw new OptionError(`Cannot read sequence ${number}: it must have at least one step, got none`);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return values;
  const step = Math.floor(bad / features);
  throw new OptionError(
    `Cannot read sequence ${number}: it must be finite numbers, got ${values[bad]} at step ${step}`,
  );
}
