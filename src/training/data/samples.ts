import { OptionError, ShapeError } from "../../errors.ts";
import type { Batch, Layout } from "./batch.ts";
import { writePadded } from "./padding.ts";

/** Sequences of any lengths, one element each in x and in y. */
export interface Samples {
  /** Sequences: tokens `[T]` or values `[T, input]` each, row-major, with a T of their own. */
  readonly x: ArrayLike<ArrayLike<number>>;
  /**
   * Of a net with a decoder, and must be given there: what that one reads, a sequence for each of x, with as many steps as there
   * are targets.
   */
  readonly decoderInput?: ArrayLike<ArrayLike<number>>;
  /**
   * What each sequence is compared with: a target for each step, `[T]` or `[T, width]`; of a net that gives one row
   * for a sequence, a number or `[width]`; of `ctc`, its labels.
   */
  readonly y: ArrayLike<number | ArrayLike<number>>;
  /** How much each sequence counts, a number, or each of its targets, `[T]`. Default: all 1. */
  readonly weights?: ArrayLike<number | ArrayLike<number>>;
}

/**
 * The number of steps of each sample, if all of them fit.
 *
 * @throws {ShapeError} When there are not as many targets or weights as samples, or a sample is not what the layout
 * asks for.
 * @throws {OptionError} When there are no samples.
 */
export function stepsOf(samples: Samples, layout: Layout, longest: number): Int32Array {
  const { x, y, weights, decoderInput } = samples, { columns, targets, decoder } = layout;
  if (!x.length) throw new OptionError(`Cannot make batches: "x" has no samples`);
  if (!decoder !== !decoderInput) {
    throw new OptionError(`Cannot make batches: "decoderInput" is for a net with a decoder, which needs it`);
  }
  for (const [name, given] of [["y", y], ["weights", weights], ["decoderInput", decoderInput]] as const) {
    if (given && given.length === x.length) continue;
    if (name !== "y" && !given) continue;
    throw new ShapeError(
      `Cannot make batches: "${name}" must have ${x.length} elements, as "x" has, got ${given?.length ?? "none"}`,
    );
  }
  const width = targetWidth(samples, layout), steps = new Int32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const T = steps[i] = requireSteps(i, "x", x[i], columns, longest);
    const written = decoder && requireSteps(i, "decoderInput", decoderInput![i], decoder.columns, decoder.longest);
    const elements = size(y[i]), rows = targets === "step" ? written ?? T : 1;
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
 * By what samples are sorted, so that those of a batch are of about one length: their steps, and where these are equal, the
 * decoder's.
 */
export function sizesOf({ x, decoderInput }: Samples, steps: Int32Array, { decoder }: Layout): Float64Array {
  const written = Array.from(x, (_, i) => decoder ? decoderInput![i].length / decoder.columns : 0);
  const most = written.reduce((most, n) => Math.max(most, n), 0);
  return Float64Array.from(steps, (T, i) => T * (most + 1) + written[i]);
}

/** These samples as one batch, padded behind to the longest of them. Samples that `stepsOf` has checked. */
export function collate(samples: Samples, members: readonly number[], steps: Int32Array, layout: Layout): Batch {
  const { targets, decoder } = layout, B = members.length, lengths = Int32Array.from(members, (i) => steps[i]);
  const T = lengths.reduce((longest, length) => Math.max(longest, length));
  const sequences = (
    from: ArrayLike<ArrayLike<number>>,
    { kind, columns }: Pick<Layout, "kind" | "columns">,
    T: number,
  ) => {
    // Tokens stay what they are, so that the session can refuse what is none.
    const to = kind === "values" ? new Float32Array(T * B * columns) : new Float64Array(T * B * columns);
    writePadded(to, columns, members.map((i) => from[i]), T, layout.batchFirst);
    return to;
  };
  const written = decoder && members.map((i) => samples.decoderInput![i].length / decoder.columns);
  const outputs = written ? Math.max(...written) : T;
  const data = {
    x: sequences(samples.x, layout, T),
    decoderInput: decoder && sequences(samples.decoderInput!, decoder, outputs),
    batch: B,
    lengths: lengths.every((length) => length === T) ? undefined : lengths,
  };
  const rowsOf = (from: (i: number) => number | ArrayLike<number>, width: number) => {
    const target = new Float64Array((targets === "step" ? outputs * B : B) * width);
    writePadded(target, width, members.map((i) => list(from(i))), targets === "step" ? outputs : 1, layout.batchFirst);
    return target;
  };
  const width = targetWidth(samples, layout),
    given = samples.weights,
    perTarget = given && typeof given[0] === "object";
  // Of a decoder every step counts that has a weight: its padding gets none.
  const weights = perTarget || (written && targets === "step")
    ? rowsOf((i) => perTarget ? given[i] : repeated(given ? given[i] as number : 1, size(samples.y[i]) / width), 1)
    : given && Float64Array.from(members, (i) => given[i] as number);
  if (targets !== "labels") return { ...data, y: rowsOf((i) => samples.y[i], width), weights };
  const labels = members.map((i) => list(samples.y[i]));
  const y = labels.flatMap((row) => Array.from(row)), targetLengths = labels.map((row) => row.length);
  return { ...data, y, targetLengths, weights };
}

/** Elements of a target, as the first sample has them. */
function targetWidth({ x, y, decoderInput }: Samples, { columns, targets, decoder }: Layout): number {
  const [first, each] = decoder ? [decoderInput![0], decoder.columns] : [x[0], columns];
  const rows = targets === "step" ? first.length / each : 1;
  return Math.max(1, Math.floor(size(y[0]) / rows));
}

/** The steps of a sequence of a sample, if there are as many as there may be. */
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
