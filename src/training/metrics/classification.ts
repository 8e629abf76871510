import { OptionError, requireBelow, requireInteger, ShapeError } from "../../errors.ts";
import type { EvaluatedBatch, Metric } from "./metric.ts";

/** Options of every metric of classes. */
export interface ClassMetricOptions {
  /** The target that means "does not count". Default -100. */
  ignoreIndex?: number;
}

/** Options of `precision`, `recall` and `f1`. */
export interface ClassAverageOptions extends ClassMetricOptions {
  /**
   * How those of the classes become one number, as scikit-learn has it: `"macro"`, the mean over all classes that
   * are a target or were predicted; `"weighted"`, the same weighted by how often a class is the target; `"micro"`,
   * from the sums over all classes; or one class alone. Default `"macro"`.
   */
  average?: "macro" | "weighted" | "micro" | number;
}

/**
 * The share of rows whose largest output is at their class. All metrics of classes count a row with its weight; an
 * output of width 1 is the logit of class 1 against class 0.
 *
 * @example
 * ```ts
 * import { accuracy, activation, compile, crossEntropy, evaluate } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * using session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { accuracy: accuracy() } });
 * assertEquals(metrics.accuracy, 0.75);
 * ```
 */
export function accuracy({ ignoreIndex = -100 }: ClassMetricOptions = {}): Metric {
  return {
    better: "higher",
    start() {
      let right = 0, all = 0;
      return {
        add(batch) {
          forEachClass(batch, ignoreIndex, (target, predicted, weight) => {
            if (predicted === target) right += weight;
            all += weight;
          });
        },
        value: () => right / all,
      };
    },
  };
}

/**
 * How often each class is the target (rows) and was predicted (columns): `matrix[target][predicted]`.
 *
 * @example
 * ```ts
 * import { activation, compile, crossEntropy, evaluate, confusionMatrix } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * using session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { matrix: confusionMatrix() } });
 * assertEquals(metrics.matrix, [[1, 1], [0, 2]]);
 * ```
 */
export function confusionMatrix({ ignoreIndex = -100 }: ClassMetricOptions = {}): Metric<number[][]> {
  return {
    start() {
      const matrix: number[][] = [];
      return {
        add(batch) {
          const C = classesOf(batch);
          while (matrix.length < C) matrix.push(new Array<number>(C).fill(0));
          forEachClass(batch, ignoreIndex, (target, predicted, weight) => matrix[target][predicted] += weight);
        },
        value: () => matrix.map((row) => [...row]),
      };
    },
  };
}

/**
 * Of the rows predicted to be of a class, the share that is: 0 where none was.
 *
 * @throws {OptionError} When `average` is none of its choices.
 *
 * @example
 * ```ts
 * import { activation, compile, crossEntropy, evaluate, precision } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * using session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { precision: precision({ average: 1 }) } });
 * assertEquals(metrics.precision, 2 / 3);
 * ```
 */
export function precision(options: ClassAverageOptions = {}): Metric {
  return averaged(options, ({ right, predicted }) => ratio(right, predicted));
}

/**
 * Of the rows of a class, the share that was predicted to be: 0 where there is none.
 *
 * @throws {OptionError} When `average` is none of its choices.
 *
 * @example
 * ```ts
 * import { activation, compile, crossEntropy, evaluate, recall } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * using session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { recall: recall() } });
 * assertEquals(metrics.recall, (1 / 2 + 1) / 2);
 * ```
 */
export function recall(options: ClassAverageOptions = {}): Metric {
  return averaged(options, ({ right, target }) => ratio(right, target));
}

/**
 * The harmonic mean of precision and recall, 2 p r / (p + r): 0 where both are.
 *
 * @throws {OptionError} When `average` is none of its choices.
 *
 * @example
 * ```ts
 * import { activation, compile, crossEntropy, evaluate, f1 } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * using session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { f1: f1({ average: 1 }) } });
 * assertEquals(metrics.f1, 0.8);
 * ```
 */
export function f1(options: ClassAverageOptions = {}): Metric {
  return averaged(options, ({ right, predicted, target }) => ratio(2 * right, predicted + target));
}

/** How often a class was right, predicted, and the target. */
interface Counts {
  right: number;
  predicted: number;
  target: number;
}

function averaged(options: ClassAverageOptions, score: (counts: Counts) => number): Metric {
  const { average = "macro", ignoreIndex = -100 } = options;
  if (typeof average === "number") requireInteger("average", average, 0);
  else if (!["macro", "weighted", "micro"].includes(average)) {
    throw new OptionError(`"average" must be "macro", "weighted", "micro" or a class, got ${JSON.stringify(average)}`);
  }
  return {
    better: "higher",
    start() {
      const classes: Counts[] = [];
      return {
        add(batch) {
          const C = classesOf(batch);
          if (typeof average === "number") requireInteger("average", average, 0, C - 1);
          while (classes.length < C) classes.push({ right: 0, predicted: 0, target: 0 });
          forEachClass(batch, ignoreIndex, (target, predicted, weight) => {
            classes[target].target += weight;
            classes[predicted].predicted += weight;
            if (predicted === target) classes[target].right += weight;
          });
        },
        value() {
          if (typeof average === "number") return score(classes[average]);
          const sum = (of: (counts: Counts) => number) => classes.reduce((total, counts) => total + of(counts), 0);
          if (average === "micro") {
            return score({
              right: sum((c) => c.right),
              predicted: sum((c) => c.predicted),
              target: sum((c) => c.target),
            });
          }
          const weight = (c: Counts) => average === "weighted" ? c.target : c.target || c.predicted ? 1 : 0;
          return ratio(sum((c) => weight(c) * score(c)), sum(weight));
        },
      };
    },
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function classesOf({ layout: { output } }: EvaluatedBatch): number {
  return output === 1 ? 2 : output;
}

/** Target and prediction of every row that counts. */
function forEachClass(
  batch: EvaluatedBatch,
  ignoreIndex: number,
  visit: (target: number, predicted: number, weight: number) => void,
): void {
  const { output, y, layout: { output: width, targets } } = batch, rows = output.length / width, C = classesOf(batch);
  if (targets === "labels") throw new OptionError("Cannot measure classes: labels do not belong to rows of the output");
  if (y.length !== rows) {
    throw new ShapeError(`Cannot measure classes: "y" must have a class for each of ${rows} rows, got ${y.length}`);
  }
  batch.forEach((row, weight) => {
    if (y[row] === ignoreIndex) return;
    requireBelow("y", y[row], row, C);
    visit(y[row], width === 1 ? Number(output[row] > 0) : largest(output, row * width, width), weight);
  });
}

/** Where the first of the largest elements is. */
function largest(output: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let c = 1; c < width; c++) if (output[from + c] > output[from + best]) best = c;
  return best;
}
