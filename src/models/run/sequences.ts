import {
  format,
  OptionError,
  requireArray,
  requireBelow,
  requireInteger,
  requireNumbers,
  ShapeError,
} from "../../errors.ts";
import { type Check, count, list as requireList, refuse } from "../../options.ts";
import { turn } from "../../runtime/event_loop.ts";
import { isTokenizer } from "../../text/tokenizer.ts";
import { Vocabulary } from "../../text/vocabulary.ts";
import { arrange } from "../../training/data/arrangement.ts";
import { writePadded } from "../../training/data/padding.ts";

/** Tokens of sequences: a vocabulary, or the number of tokens when sequences are ids. */
export type Tokens = Vocabulary | number;

/** The check of an option that is tokens. */
export const tokens: Check<Tokens> = (name, value) => {
  if (typeof value === "number") return count(name, value);
  if (isTokenizer(value)) return Vocabulary.from(value);
  return refuse(name, "a vocabulary, a tokenizer, or the number of tokens", value);
};

/** A sequence of tokens: a text or the list of its tokens, as the vocabulary has them; or ids. */
export type Sequence = string | readonly string[] | ArrayLike<number>;

/**
 * A sequence alone. A model with `tokens`: a text or the list of its tokens, as the vocabulary has them, or ids. A
 * model with `features`: values `[T, features]`, row-major or as rows.
 */
export type PlainSequence = Sequence | ArrayLike<ArrayLike<number>>;

/** A sequence with values that hold for all of it. */
export interface FeaturedSequence {
  /** The sequence. */
  readonly sequence: PlainSequence;
  /** The values, as many as the model's `sequenceFeatures`. */
  readonly features: ArrayLike<number>;
}

/** What a model reads: a sequence; or, with `sequenceFeatures`, a sequence and its values. */
export type TaskSequence = PlainSequence | FeaturedSequence;

/** Encoded sequences as the net reads them: alone, or with their values by the names of the net's inputs. */
export type EncodedSequences = ArrayLike<number>[] | {
  readonly sequence: ArrayLike<number>[];
  readonly features: ArrayLike<number>[];
};

/** Translates sequences of tokens to ids and back. */
export class SequenceCodec {
  /** The tokens. */
  readonly tokens: Tokens;
  /** Number of tokens. */
  readonly size: number;
  /** Maximum number of tokens of a sequence. */
  readonly longest: number;
  readonly #name: string;

  /** `name` is what the errors call a sequence. */
  constructor(name: string, tokens: Tokens, longest: number) {
    this.#name = name;
    this.tokens = tokens;
    this.size = typeof tokens === "number" ? tokens : tokens.size;
    this.longest = longest;
  }

  /**
   * The ids of a sequence. Tokens that the vocabulary does not have become its `<unk>`.
   *
   * @param number The number of the sequence, for the errors.
   * @throws {OptionError} When the sequence has no tokens or too many, or when a token is unknown and there is no
   * `<unk>`.
   */
  encode(sequence: Sequence, number: number): Int32Array {
    const { tokens, longest } = this;
    const fail = (reason: string) => {
      throw new OptionError(`Cannot read ${this.#name} ${number}: ${reason}`);
    };
    if (typeof sequence !== "string") requireArray(`${this.#name} ${number}`, sequence);
    if (sequence.length === 0) fail("it must have at least one token, got none");
    const isText = typeof sequence === "string" || typeof sequence[0] === "string";
    if (isText && typeof tokens === "number") {
      fail(`without a vocabulary it must be ids, got ${JSON.stringify(sequence)}`);
    }
    const ids = isText
      ? (tokens as Vocabulary).encode(sequence as string | readonly string[])
      : this.#checked(sequence as ArrayLike<number>);
    if (ids.length === 0) fail("it must have at least one token, got none");
    if (ids.length > longest) fail(`it must have at most ${longest} tokens, as "longest" says, got ${ids.length}`);
    return ids;
  }

  /** A copy of ids. */
  #checked(sequence: ArrayLike<number>): Int32Array {
    const ids = new Int32Array(sequence.length);
    for (let i = 0; i < ids.length; i++) {
      requireBelow(this.#name, sequence[i], i, this.size);
      ids[i] = sequence[i];
    }
    return ids;
  }

  /** The text of ids; without a vocabulary the ids, separated by spaces. */
  text(ids: ArrayLike<number>): string {
    return typeof this.tokens === "number" ? Array.from(ids).join(" ") : this.tokens.decode(ids);
  }

  /** The token of an id; without a vocabulary the id as text. */
  name(id: number): string {
    return typeof this.tokens === "number" ? String(id) : this.tokens.tokens[id];
  }

  /** The id of a special token; undefined when the vocabulary does not have it. */
  protected special(token: string): number | undefined {
    return typeof this.tokens === "number" ? undefined : this.tokens.id(token);
  }
}

/**
 * Translates the sequences that a decoder writes. Begin and end are tokens of their own where the vocabulary has none.
 */
export class TargetCodec extends SequenceCodec {
  /** The token that a decoder reads first: `<bos>`. */
  readonly begin: number;
  /** The token that ends a sequence: `<eos>`. */
  readonly end: number;
  /** Number of tokens, begin and end included. */
  readonly classes: number;
  /** Tokens that are never written. */
  readonly muted: readonly number[];

  /** `longest` counts neither begin nor end. */
  constructor(tokens: Tokens, longest: number) {
    super("target", tokens, longest);
    let classes = this.size;
    this.end = this.special("<eos>") ?? classes++;
    this.begin = this.special("<bos>") ?? classes++;
    this.classes = classes;
    const special = ["<unk>", "<pad>"].map((token) => this.special(token)).filter((id) => id !== undefined);
    this.muted = [this.begin, ...special];
  }

  override name(id: number): string {
    return id === this.end ? "<eos>" : id === this.begin ? "<bos>" : super.name(id);
  }
}

/** Translates what a model reads, tokens or values of some features, to the input of its net. */
export class SequenceInput {
  /** Number of tokens; undefined in a model that reads values. */
  readonly tokens?: number;
  /** Values of a time step; undefined in a model that reads tokens. */
  readonly features?: number;
  /** Values that hold for a whole sequence. */
  readonly sequenceFeatures: number;
  readonly #codec?: SequenceCodec;

  /** @throws {OptionError} Unless exactly one of `tokens` and `features` is given. */
  constructor(
    { tokens, features, sequenceFeatures = 0 }: {
      readonly tokens?: Tokens;
      readonly features?: number;
      readonly sequenceFeatures?: number;
    },
  ) {
    if ((tokens === undefined) === (features === undefined)) {
      throw new OptionError('Either "tokens" or "features" must be given: a model reads tokens or values');
    }
    if (features !== undefined) requireInteger("features", features, 1);
    if (typeof tokens === "number") requireInteger("tokens", tokens, 1);
    this.features = features;
    this.sequenceFeatures = sequenceFeatures;
    if (tokens === undefined) return;
    this.#codec = new SequenceCodec("sequence", tokens, Infinity);
    this.tokens = this.#codec.size;
  }

  /** Elements of a time step: 1 in a model that reads tokens. */
  get columns(): number {
    return this.features ?? 1;
  }

  /**
   * Each sequence as ids `[T]` or values `[T, features]`.
   *
   * @throws {OptionError} When a sequence is empty, or has an unknown token or a number that is not finite.
   * @throws {ShapeError} When a time step does not have as many values as features.
   */
  encode(sequences: readonly TaskSequence[]): EncodedSequences {
    const codec = this.#codec, n = this.sequenceFeatures;
    const encode = (sequence: PlainSequence, i: number) =>
      codec ? codec.encode(sequence as Sequence, i) : valuesOf(sequence, this.columns, i);
    const all = requireList("sequences", sequences);
    all.forEach((sample, i) => {
      const { sequence, features } = Object(sample);
      if (n ? sequence !== undefined && features !== undefined : sequence === undefined) return;
      const expected = n ? "{ sequence, features }" : 'a sequence alone, as "sequenceFeatures" is not set';
      throw new OptionError(`Cannot read sequence ${i}: expected ${expected}, got ${format(sample)}`);
    });
    if (!n) return all.map((sequence, i) => encode(sequence as PlainSequence, i));
    const pairs = all as readonly FeaturedSequence[];
    return {
      sequence: pairs.map(({ sequence }, i) => encode(sequence, i)),
      features: pairs.map(({ features }, i) => {
        const { length } = requireNumbers(`features of sequence ${i}`, features);
        if (length === n && Array.prototype.every.call(features, Number.isFinite)) return features;
        const got = length === n ? format(features) : length;
        throw new ShapeError(`Cannot read sequence ${i}: "features" must be ${n} finite numbers, got ${got}`);
      }),
    };
  }

  /** The encoded sequences alone. */
  sequencesOf(encoded: EncodedSequences): ArrayLike<number>[] {
    return Array.isArray(encoded) ? encoded : encoded.sequence;
  }

  /** Number of time steps of the longest of these encoded sequences. */
  longest(encoded: EncodedSequences): number {
    return this.sequencesOf(encoded).reduce((longest, { length }) => Math.max(longest, length / this.columns), 1);
  }
}

function valuesOf(sequence: PlainSequence, features: number, number: number): Float32Array {
  if (typeof sequence === "string") {
    throw new OptionError(`Cannot read sequence ${number}: it must be values, got ${JSON.stringify(sequence)}`);
  }
  const name = `sequence ${number}`, first: unknown = requireArray(name, sequence)[0];
  const isFlat = typeof first !== "object" || first === null;
  const rows = (isFlat ? [sequence] : sequence) as ArrayLike<ArrayLike<number>>;
  for (let t = 0; t < rows.length; t++) {
    const { length } = requireNumbers(isFlat ? name : `${name}[${t}]`, rows[t]);
    if (isFlat ? length % features === 0 : length === features) continue;
    const got = isFlat ? `${length} elements` : `${length} at step ${t}`;
    throw new ShapeError(`Cannot read sequence ${number}: each step must have ${features} values, got ${got}`);
  }
  let size = 0;
  for (let t = 0; t < rows.length; t++) size += rows[t].length;
  if (!size) throw new OptionError(`Cannot read sequence ${number}: it must have at least one step, got none`);
  const values = new Float32Array(size);
  for (let t = 0, at = 0; t < rows.length; at += rows[t++].length) values.set(rows[t], at);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return values;
  const step = Math.floor(bad / features);
  throw new OptionError(
    `Cannot read sequence ${number}: it must be finite numbers, got ${values[bad]} at step ${step}`,
  );
}

/** Encoded sequences as the arguments of one call. */
export interface PaddedBatch {
  /** The sequences side by side, `[T, B, columns]`. */
  readonly x: Float64Array;
  /** Number of sequences, B. */
  readonly batch: number;
  /** Number of time steps of each sequence. */
  readonly lengths: Int32Array;
}

/** Sequences of `columns` elements a time step as one batch. Doubles hold token ids and f32 values without rounding. */
export function padded(sequences: readonly ArrayLike<number>[], columns: number): PaddedBatch {
  const lengths = Int32Array.from(sequences, ({ length }) => length / columns);
  const T = lengths.reduce((longest, length) => Math.max(longest, length), 0);
  const x = new Float64Array(T * sequences.length * columns);
  writePadded(x, columns, sequences, T, false);
  return { x, batch: sequences.length, lengths };
}

/**
 * Run sequences in batches of similar length, so that little is padding; the results are in the order of the sequences.
 * The event loop gets a turn between two batches when it is due; `signal` ends the run there.
 */
export async function runBatches<Item extends ArrayLike<number>, Result>(
  sequences: readonly Item[],
  { batch, signal }: { batch: number; signal?: AbortSignal },
  run: (members: Item[]) => readonly Result[] | Promise<readonly Result[]>,
): Promise<Result[]> {
  const results = new Array<Result>(sequences.length);
  const sizes = sequences.map(({ length }) => length);
  // One bucket sorts all sequences by length.
  const arrangement = { batch, shuffle: false, seed: 0, bucket: Number.MAX_SAFE_INTEGER };
  for (const members of arrange(sizes, 1, arrangement)) {
    await turn();
    signal?.throwIfAborted();
    (await run(members.map((i) => sequences[i]))).forEach((result, b) => results[members[b]] = result);
  }
  return results;
}

/**
 * Check that samples are pairs.
 *
 * @param what What the error calls a sample.
 * @param parts What a sample has.
 * @throws {OptionError} When they are not.
 */
export function requirePairs(samples: readonly unknown[], what: string, parts: string): void {
  requireList(`${what}s`, samples);
  for (let i = 0; i < samples.length; i++) {
    const pair = samples[i];
    if (Array.isArray(pair) && pair.length === 2) continue;
    const got = Array.isArray(pair) ? `${pair.length} elements` : format(pair);
    throw new OptionError(`Cannot read ${what} ${i}: expected ${parts}, got ${got}`);
  }
}
