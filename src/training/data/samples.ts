import { OptionError, requireArray, requireNumbers, ShapeError } from "../../errors.ts";
import { type Names, requireKnown } from "../../options.ts";
import { type Batch, type Layout, targetRows } from "./batch.ts";
import { writePadded } from "./padding.ts";

/** Sequences of different lengths with their targets. */
export interface Samples {
  /** Sequences: tokens `[T]` or values `[T, input]` each, row-major. T may differ. */
  readonly x: ArrayLike<ArrayLike<number>>;
  /**
   * Inputs of the decoder, required by a net with a decoder: a sequence for each of x, with as many steps as targets.
   */
  readonly decoderInput?: ArrayLike<ArrayLike<number>>;
  /**
   * Targets of each sequence: one for each step, `[T]` or `[T, width]`. A number or `[width]` for a net that gives one
   * row for a sequence. The labels for `ctc`.
   */
  readonly y: ArrayLike<number | ArrayLike<number>>;
  /** Weight of each sequence, a number, or of each of its targets, `[T]`. Default: all 1. */
  readonly weights?: ArrayLike<number | ArrayLike<number>>;
}

/** As `Samples`; each sequence, and its targets, may also be rows, `[T][width]`. */
export interface SampleRows {
  /** Sequences: tokens `[T]`, or values `[T, input]` row-major, or as rows. */
  readonly x: ArrayLike<ArrayLike<number | ArrayLike<number>>>;
  /** Inputs of the decoder. */
  readonly decoderInput?: ArrayLike<ArrayLike<number | ArrayLike<number>>>;
  /** Targets of each sequence. */
  readonly y: ArrayLike<number | ArrayLike<number | ArrayLike<number>>>;
  /** Weights, as in `Samples`. */
  readonly weights?: ArrayLike<number | ArrayLike<number>>;
}

const SAMPLES: Names<Samples> = { x: true, y: true, weights: true, decoderInput: true };

/**
 * Checks the samples and returns the number of steps of each.
 *
 * @throws {ShapeError} When the number of targets or weights is not the number of samples, or a sample does not fit the
 * layout.
 * @throws {OptionError} When there are no samples.
 */
export function stepsOf(samples: Samples, layout: Layout, longest: number): Int32Array {
  const { x, y, weights, decoderInput } = samples, { columns, targets, decoder } = layout;
  if (!x.length) throw new OptionError(`Cannot make batches: "x" has no samples`);
  if (!decoder !== !decoderInput) {
    throw new OptionError(`Cannot make batches: "decoderInput" is for a net with a decoder, which needs it`);
  }
  for (const [name, values] of [["y", y], ["weights", weights], ["decoderInput", decoderInput]] as const) {
    if (values && values.length === x.length) continue;
    if (name !== "y" && !values) continue;
    throw new ShapeError(
      `Cannot make batches: "${name}" must have ${x.length} elements, as "x" has, got ${values?.length ?? "none"}`,
    );
  }
  const width = targetWidth(samples, layout), steps = new Int32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const T = steps[i] = requireSteps(i, "x", x[i], columns, longest);
    const written = decoder && requireSteps(i, "decoderInput", decoderInput![i], decoder.columns, decoder.longest);
    const elements = size(y[i]), rows = written && targets === "step" ? written : targetRows(layout, T);
    if (targets !== "labels" && elements !== rows * width) refuse(i, "y", `${rows * width} elements`, elements);
    if (weights && typeof weights[i] !== typeof weights[0]) {
      throw new ShapeError(`Cannot read sample ${i}: "weights" must be numbers or arrays, as of sample 0`);
    }
    if (weights && typeof weights[i] === "object" && size(weights[i]) !== rows) {
      refuse(i, "weights", `${rows} elements, one a target`, size(weights[i]));
    }
  }
  return steps;
}

/**
 * The samples with each sequence as one list: rows, `[T][width]`, become `[T * width]`. Every element must be a number.
 *
 * @throws {ShapeError} When something is no array, or the rows of a sequence differ in length.
 * @throws {OptionError} When a name is unknown, or an element is not a number.
 */
export function flatSamples(samples: SampleRows): Samples {
  requireKnown("samples", SAMPLES, samples);
  const { x, y, weights, decoderInput } = samples;
  return {
    x: flatSequences("x", x) as Samples["x"],
    y: flatSequences("y", y),
    weights: weights && flatSequences("weights", weights),
    decoderInput: decoderInput && flatSequences("decoderInput", decoderInput) as Samples["x"],
  };
}

/** Sequences, or numbers, each as a number or a list of numbers. Nothing is copied that is flat already. */
function flatSequences(name: string, all: ArrayLike<unknown>): ArrayLike<number | ArrayLike<number>> {
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
export function sizesOf({ x, decoderInput }: Samples, steps: Int32Array, { decoder }: Layout): Float64Array {
  const written = Array.from(x, (_, i) => decoder ? decoderInput![i].length / decoder.columns : 0);
  const most = written.reduce((most, n) => Math.max(most, n), 0);
  return Float64Array.from(steps, (T, i) => T * (most + 1) + written[i]);
}

/** Collates samples that `stepsOf` has checked into one batch, padded at the end to the longest sample. */
export function collate(samples: Samples, members: readonly number[], steps: Int32Array, layout: Layout): Batch {
  const { targets, decoder } = layout, B = members.length;
  const lengths = Int32Array.from(members, (i) => steps[i]);
  const T = lengths.reduce((longest, length) => Math.max(longest, length));
  const sequences = (
    from: ArrayLike<ArrayLike<number>>,
    { kind, columns }: Pick<Layout, "kind" | "columns">,
    T: number,
  ) => {
    // Tokens are copied as doubles, so that the session can refuse numbers that are not tokens.
    const to = kind === "values" ? new Float32Array(T * B * columns) : new Float64Array(T * B * columns);
    writePadded(to, columns, members.map((i) => from[i]), T, layout.batchFirst);
    return to;
  };
  const written = decoder && members.map((i) => samples.decoderInput![i].length / decoder.columns);
  const outputs = written && targets === "step" ? Math.max(...written) : targetRows(layout, T);
  const data = {
    x: sequences(samples.x, layout, T),
    decoderInput: decoder && sequences(samples.decoderInput!, decoder, Math.max(...written!)),
    batch: B,
    lengths: lengths.every((length) => length === T) ? undefined : lengths,
  };
  const rowsOf = (from: (i: number) => number | ArrayLike<number>, width: number) => {
    const target = new Float64Array(outputs * B * width);
    writePadded(target, width, members.map((i) => list(from(i))), outputs, layout.batchFirst);
    return target;
  };
  const width = targetWidth(samples, layout);
  const { weights: all } = samples, isPerTarget = all && typeof all[0] === "object";
  // The padding of a decoder needs weights of 0, so a weight for each sequence becomes one for each target.
  const weights = isPerTarget || (written && targets === "step")
    ? rowsOf((i) => isPerTarget ? all[i] : repeated(all ? all[i] as number : 1, size(samples.y[i]) / width), 1)
    : all && Float64Array.from(members, (i) => all[i] as number);
  if (targets !== "labels") return { ...data, y: rowsOf((i) => samples.y[i], width), weights };
  const labels = members.map((i) => list(samples.y[i]));
  const y = labels.flatMap((row) => Array.from(row)), targetLengths = labels.map((row) => row.length);
  return { ...data, y, targetLengths, weights };
}

/** Elements of a target, according to the first sample. */
function targetWidth({ x, y, decoderInput }: Samples, layout: Layout): number {
  const { columns, targets, decoder } = layout;
  const rows = decoder && targets === "step"
    ? decoderInput![0].length / decoder.columns
    : targetRows(layout, x[0].length / columns);
  return Math.max(1, Math.floor(size(y[0]) / rows));
}

/**
 * The number of steps of a sequence of sample i.
 *
 * @throws {ShapeError} When the number is not an integer from 1 to `longest`.
 */
function requireSteps(i: number, name: string, sequence: ArrayLike<number>, columns: number, longest: number): number {
  const T = sequence.length / columns;
  if (Number.isInteger(T) && T >= 1 && T <= longest) return T;
  const range = longest === Infinity ? "at least 1" : `1 to ${longest}`;
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
