import { OptionError, requireArray, requireNumbers, ShapeError } from "../../errors.ts";
import { type Arrays, mapNamed } from "../../ops/value.ts";
import { type Names, requireKnown } from "../../options.ts";
import type { Batch, InputLayout, Layout, TargetLayout } from "./batch.ts";
import { writePadded } from "./padding.ts";

/** A list of samples; or several by name, of a net with several inputs or outputs. */
export type NamedSamples<Sample> = ArrayLike<Sample> | Readonly<Record<string, ArrayLike<Sample>>>;

type Numbers = number | ArrayLike<number>;

/** Sequences of different lengths with their targets. */
export interface Samples {
  /**
   * Sequences: tokens `[T]` or values `[T, input]` each, row-major. T may differ. An input with one row for a sequence
   * has a token or `[input]` each.
   */
  readonly x: NamedSamples<Numbers>;
  /**
   * Inputs of the decoder, required by a net with a decoder: a sequence for each of x, with as many steps as targets.
   */
  readonly decoderInput?: ArrayLike<ArrayLike<number>>;
  /**
   * Targets of each sequence: one for each step, `[T]` or `[T, width]`. A number or `[width]` for a net that gives one
   * row for a sequence. The labels for `ctc`.
   */
  readonly y: NamedSamples<Numbers>;
  /** Weight of each sequence, a number, or of each of its targets, `[T]`. Default: all 1. */
  readonly weights?: NamedSamples<Numbers>;
}

/** As `Samples`; each sequence, and its targets, may also be rows, `[T][width]`. */
export interface SampleRows {
  /** Sequences: tokens `[T]`, or values `[T, input]` row-major, or as rows. */
  readonly x: NamedSamples<number | ArrayLike<Numbers>>;
  /** Inputs of the decoder. */
  readonly decoderInput?: ArrayLike<ArrayLike<Numbers>>;
  /** Targets of each sequence. */
  readonly y: NamedSamples<number | ArrayLike<Numbers>>;
  /** Weights, as in `Samples`. */
  readonly weights?: NamedSamples<Numbers>;
}

const SAMPLES: Names<Samples> = { x: true, y: true, weights: true, decoderInput: true };

/** The samples of one input or output. */
interface Column<Own> {
  readonly own: Own;
  readonly all: ArrayLike<Numbers>;
  /** What errors call the samples: `x`, or `x.age` of several inputs. */
  readonly name: string;
  /** Weights of targets. */
  readonly weights?: ArrayLike<Numbers>;
}

function inputsOf({ x }: Samples, layout: Layout): Column<InputLayout>[] {
  return columns("x", layout, layout.inputs, x);
}

function targetsOf({ y, weights }: Samples, layout: Layout): Column<TargetLayout>[] {
  const all = columns("y", layout, layout.outputs, y);
  if (!weights) return all;
  return columns("weights", layout, layout.outputs, weights).map((own, i) => ({ ...all[i], weights: own.all }));
}

function columns<Own>(
  what: string,
  layout: Own,
  named: Readonly<Record<string, Own>> | undefined,
  data: NamedSamples<Numbers>,
): Column<Own>[] {
  if (!named) return [{ own: layout, all: data as ArrayLike<Numbers>, name: what }];
  requireKnown(`"${what}"`, named, data);
  return Object.entries(named).map(([name, own]) => ({
    own,
    all: (data as Record<string, ArrayLike<Numbers>>)[name],
    name: `${what}.${name}`,
  }));
}

/**
 * Checks the samples and returns the number of steps of each.
 *
 * @throws {ShapeError} When the number of targets or weights is not the number of samples, or a sample does not fit the
 * layout.
 * @throws {OptionError} When there are no samples.
 */
export function stepsOf(samples: Samples, layout: Layout, longest: number): Int32Array {
  const { decoder } = layout, { decoderInput } = samples;
  const inputs = inputsOf(samples, layout), targets = targetsOf(samples, layout), [{ all: first, name: x }] = inputs;
  if (!first?.length) throw new OptionError(`Cannot make batches: "${x}" has no samples`);
  if (!decoder !== !decoderInput) {
    throw new OptionError(`Cannot make batches: "decoderInput" is for a net with a decoder, which needs it`);
  }
  const required = [...inputs, ...targets].map(({ name, all }) => [name, all] as const);
  const optional = targets.map(({ weights }) => ["weights", weights] as const);
  for (
    const [name, all] of [
      ...required,
      ...[...optional, ["decoderInput", decoderInput] as const].filter(([, all]) => all),
    ]
  ) {
    if (all?.length === first.length) continue;
    throw new ShapeError(
      `Cannot make batches: "${name}" must have ${first.length} elements, as "${x}" has, got ${all?.length ?? "none"}`,
    );
  }
  const steps = new Int32Array(first.length);
  for (let i = 0; i < first.length; i++) {
    let T: number | undefined;
    for (const { own: { isOne, columns }, all, name } of inputs) {
      if (isOne) requireSteps(i, name, list(all[i]), columns, 1);
      else T = requireSteps(i, name, all[i] as ArrayLike<number>, columns, T ?? longest, T);
    }
    steps[i] = T ?? 1;
    if (decoder) requireSteps(i, "decoderInput", decoderInput![i], decoder.columns, decoder.longest);
    for (const column of targets) {
      const { own, all, name, weights } = column, rows = rowsOf(samples, layout, own, i, steps);
      const elements = size(all[i]), width = widthOf(samples, layout, column, steps);
      if (own.targets !== "labels" && elements !== rows * width) refuse(i, name, `${rows * width} elements`, elements);
      if (!weights) continue;
      if (typeof weights[i] !== typeof weights[0]) {
        throw new ShapeError(`Cannot read sample ${i}: "weights" must be numbers or arrays, as of sample 0`);
      }
      if (typeof weights[i] === "object" && size(weights[i]) !== rows) {
        refuse(i, "weights", `${rows} elements, one a target`, size(weights[i]));
      }
    }
  }
  return steps;
}

/** The number of rows of targets of sample i. */
function rowsOf(
  { decoderInput }: Samples,
  { decoder }: Layout,
  own: TargetLayout,
  i: number,
  steps: Int32Array,
): number {
  return decoder && own.targets === "step" ? decoderInput![i].length / decoder.columns : own.rows(steps[i]);
}

/** Elements of a target, according to the first sample. */
function widthOf(samples: Samples, layout: Layout, { own, all }: Column<TargetLayout>, steps: Int32Array): number {
  return Math.max(1, Math.floor(size(all[0]) / rowsOf(samples, layout, own, 0, steps)));
}

/**
 * The samples with each sequence as one list: rows, `[T][width]`, become `[T * width]`. Every element must be a number.
 *
 * @throws {ShapeError} When something is no array, or the rows of a sequence differ in length.
 * @throws {OptionError} When a name is unknown, or an element is not a number.
 */
export function flatSamples(samples: SampleRows, { inputs, outputs }: Layout): Samples {
  requireKnown("samples", SAMPLES, samples);
  const { x, y, weights, decoderInput } = samples;
  const flat = (what: string, named: object | undefined, data: unknown) =>
    mapNamed(
      { named: named && Object(data) },
      data,
      (_, own: unknown, name) => flatSequences(name ? `${what}.${name}` : what, own),
    );
  return {
    x: flat("x", inputs, x),
    y: flat("y", outputs, y),
    weights: weights && flat("weights", outputs, weights),
    decoderInput: decoderInput && flatSequences("decoderInput", decoderInput) as ArrayLike<ArrayLike<number>>,
  };
}

/** Sequences, or numbers, each as a number or a list of numbers. Nothing is copied that is flat already. */
function flatSequences(name: string, all: unknown): ArrayLike<number | ArrayLike<number>> {
  const sequences = requireArray(name, all);
  if (ArrayBuffer.isView(sequences)) return requireNumbers(name, sequences);
  return Array.from(sequences, (sequence, i) => {
    if (typeof sequence === "number") return sequence;
    const rows = requireArray(`${name}[${i}]`, sequence);
    if (typeof rows[0] !== "object" || rows[0] === null) return requireNumbers(`${name}[${i}]`, rows);
    const width = requireArray(`${name}[${i}][0]`, rows[0]).length;
    return Array.from(rows, (row, t) => {
      const numbers = requireNumbers(`${name}[${i}][${t}]`, row);
      if (numbers.length === width) return Array.from(numbers);
      throw new ShapeError(
        `Cannot read sample ${i}: the rows of "${name}" must have one length, got ${width} and ${numbers.length}`,
      );
    }).flat();
  });
}

/** The sort keys of samples for batches of similar lengths: the number of steps, then that of the decoder. */
export function sizesOf({ decoderInput }: Samples, steps: Int32Array, { decoder }: Layout): Float64Array {
  const written = Array.from(steps, (_, i) => decoder ? decoderInput![i].length / decoder.columns : 0);
  const most = written.reduce((most, n) => Math.max(most, n), 0);
  return Float64Array.from(steps, (T, i) => T * (most + 1) + written[i]);
}

/** Collates samples that `stepsOf` has checked into one batch, padded at the end to the longest sample. */
export function collate(samples: Samples, members: readonly number[], steps: Int32Array, layout: Layout): Batch {
  const { decoder, batchFirst, inputs, outputs } = layout, { decoderInput } = samples, B = members.length;
  const lengths = Int32Array.from(members, (i) => steps[i]);
  const T = lengths.reduce((longest, length) => Math.max(longest, length));
  const sequences = (all: ArrayLike<Numbers>, { kind, columns, isOne }: InputLayout, most: number) => {
    const T = isOne ? 1 : most;
    // Tokens are copied as doubles, so that the session can refuse numbers that are not tokens.
    const to = kind === "values" ? new Float32Array(T * B * columns) : new Float64Array(T * B * columns);
    writePadded(to, columns, members.map((i) => list(all[i])), T, batchFirst);
    return to;
  };
  const written = decoder && members.map((i) => decoderInput![i].length / decoder.columns);
  const outputSteps = written && Math.max(...written);
  const targets = targetsOf(samples, layout).map((column) => {
    const { own, all, weights: given } = column, width = widthOf(samples, layout, column, steps);
    const isStep = own.targets === "step", rows = isStep && outputSteps ? outputSteps : own.rows(T);
    const rowsFrom = (from: (i: number) => Numbers, width: number) => {
      const target = new Float64Array(rows * B * width);
      writePadded(target, width, members.map((i) => list(from(i))), rows, batchFirst);
      return target;
    };
    const isPerTarget = given && typeof given[0] === "object";
    // The padding of a decoder needs weights of 0, so a weight for each sequence becomes one for each target.
    const weights = isPerTarget || (written && isStep)
      ? rowsFrom((i) => isPerTarget ? given[i] : repeated(given ? given[i] as number : 1, size(all[i]) / width), 1)
      : given && Float64Array.from(members, (i) => given[i] as number);
    if (own.targets !== "labels") return { y: rowsFrom((i) => all[i], width), weights };
    const labels = members.map((i) => Array.from(list(all[i])));
    return { y: labels.flat(), targetLengths: labels.map((row) => row.length), weights };
  });
  const names = outputs && Object.keys(outputs);
  /** A part of the targets: of several outputs by name. */
  const part = (of: (target: (typeof targets)[number]) => ArrayLike<number> | undefined) =>
    (names ? Object.fromEntries(names.map((name, i) => [name, of(targets[i])])) : of(targets[0])) as ArrayLike<number>;
  return {
    x: mapNamed(
      { ...layout, named: inputs },
      samples.x,
      (own, all: ArrayLike<Numbers>) => sequences(all, own as InputLayout, T),
    ) as Batch["x"],
    decoderInput: decoder && sequences(decoderInput!, decoder, outputSteps!),
    batch: B,
    lengths: lengths.every((length) => length === T) ? undefined : lengths,
    y: part(({ y }) => y),
    weights: part(({ weights }) => weights),
    targetLengths: part(({ targetLengths }) => targetLengths),
  };
}

/**
 * The number of steps of a sequence of sample i.
 *
 * @throws {ShapeError} When the number is not an integer from `least` to `longest`.
 */
function requireSteps(
  i: number,
  name: string,
  sequence: ArrayLike<number>,
  columns: number,
  longest: number,
  least = 1,
): number {
  const T = sequence.length / columns;
  if (Number.isInteger(T) && T >= least && T <= longest) return T;
  const range = longest === Infinity ? "at least 1" : `${least} to ${longest}`;
  refuse(i, name, `${range} steps of ${columns} element${columns === 1 ? "" : "s"}`, sequence.length);
}

function repeated(value: number, n: number): number[] {
  return new Array<number>(n).fill(value);
}

function list(value: number | ArrayLike<number>): ArrayLike<number> {
  return typeof value === "number" ? [value] : value;
}

function size(value: number | ArrayLike<number>): number {
  return list(value).length;
}

function refuse(sample: number, name: string, expected: string, got: number): never {
  throw new ShapeError(`Cannot read sample ${sample}: "${name}" must have ${expected}, got ${got} elements`);
}
