import { OptionError, ShapeError } from "../../errors.ts";
import type { Batch, Layout } from "./batch.ts";

/** Sequences of any lengths, one element each in x and in y. */
export interface Samples {
  /** Sequences: tokens `[T]` or values `[T, input]` each, row-major, with a T of their own. */
  readonly x: ArrayLike<ArrayLike<number>>;
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
  const { x, y, weights } = samples, { columns, targets } = layout;
  if (!x.length) throw new OptionError(`Cannot make batches: "x" has no samples`);
  for (const [name, given] of [["y", y], ["weights", weights]] as const) {
    if (given && given.length === x.length) continue;
    if (name === "weights" && !given) continue;
    throw new ShapeError(
      `Cannot make batches: "${name}" must have ${x.length} elements, as "x" has, got ${given?.length ?? "none"}`,
    );
  }
  const width = targetWidth(samples, layout), steps = new Int32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const T = steps[i] = x[i].length / columns;
    if (x[i].length === 0 || x[i].length % columns || T > longest) {
      const range = longest === Infinity ? "at least 1" : `1 to ${longest}`;
      refuse(i, "x", `${range} steps of ${columns} element${columns === 1 ? "" : "s"}`, x[i].length);
    }
    const elements = size(y[i]), rows = targets === "step" ? T : 1;
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

/** These samples as one batch, padded behind to the longest of them. Samples that `stepsOf` has checked. */
export function collate(samples: Samples, members: readonly number[], steps: Int32Array, layout: Layout): Batch {
  const { columns, kind, targets } = layout, B = members.length, lengths = Int32Array.from(members, (i) => steps[i]);
  const T = lengths.reduce((longest, length) => Math.max(longest, length));
  // Tokens stay what they are, so that the session can refuse what is none.
  const x = kind === "values" ? new Float32Array(T * B * columns) : new Float64Array(T * B * columns);
  place(x, columns, members.map((i) => samples.x[i]), T, layout.batchFirst);
  const data = { x, batch: B, lengths: lengths.every((length) => length === T) ? undefined : lengths };
  const rowsOf = (from: ArrayLike<number | ArrayLike<number>>, width: number) => {
    const rows = members.map((i) => list(from[i]));
    const target = new Float64Array((targets === "step" ? T * B : B) * width);
    place(target, width, rows, targets === "step" ? T : 1, layout.batchFirst);
    return target;
  };
  const perTarget = samples.weights && typeof samples.weights[0] === "object";
  const weights = perTarget
    ? rowsOf(samples.weights!, 1)
    : samples.weights && Float64Array.from(members, (i) => samples.weights![i] as number);
  if (targets !== "labels") return { ...data, y: rowsOf(samples.y, targetWidth(samples, layout)), weights };
  const labels = members.map((i) => list(samples.y[i]));
  const y = labels.flatMap((row) => Array.from(row)), targetLengths = labels.map((row) => row.length);
  return { ...data, y, targetLengths, weights };
}

/** Elements of a target, as the first sample has them. */
function targetWidth({ x, y }: Samples, { columns, targets }: Layout): number {
  const rows = targets === "step" ? x[0].length / columns : 1;
  return Math.max(1, Math.floor(size(y[0]) / rows));
}

/** Sequences side by side. */
function place(
  to: Float32Array | Float64Array,
  columns: number,
  from: readonly ArrayLike<number>[],
  T: number,
  batchFirst: boolean,
): void {
  from.forEach((row, b) => {
    for (let t = 0, i = 0; i < row.length; t++) {
      const at = (batchFirst ? b * T + t : t * from.length + b) * columns;
      for (let c = 0; c < columns; c++, i++) to[at + c] = row[i];
    }
  });
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
