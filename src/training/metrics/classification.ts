import { OptionError, requireBelow, requireInteger, ShapeError } from "../../errors.ts";
import { anything, extended, finite, readOptions, type Table } from "../../options.ts";
import type { EvaluatedBatch, Metric } from "./metric.ts";

/** Options of every metric of classes. */
export interface ClassMetricOptions {
  /**
   * The target of rows that do not count.
   *
   * @default {-100}
   */
  ignoreIndex?: number;
}

const METRIC = { ignoreIndex: [finite, -100] } satisfies Table<ClassMetricOptions>;

/** Options of `precision`, `recall` and `f1`. */
export interface ClassAverageOptions extends ClassMetricOptions {
  /**
   * How the scores of the classes become one number, as in scikit-learn. `"macro"`: the mean over all classes that
   * are a target or were predicted. `"weighted"`: that mean, weighted by how often a class is the target. `"micro"`:
   * the score of the sums over all classes. A number: the score of one class.
   *
   * @default {"macro"}
   */
  average?: "macro" | "weighted" | "micro" | number;
}

const AVERAGE = /* @__PURE__ */ extended(METRIC, { average: [anything, "macro"] }) satisfies Table<ClassAverageOptions>;

/**
 * The share of rows whose largest output is that of their class. All metrics of classes weight a row by its weight. An
 * output of width 1 is the logit of class 1 against class 0.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, evaluate } from "@unroll/rnn";
 * import { activation } from "@unroll/rnn/layers";
 * import { accuracy } from "@unroll/rnn/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { accuracy: accuracy() } });
 * assertEquals(metrics.accuracy, 0.75);
 * session.dispose();
 * ```
 */
export function accuracy(options: ClassMetricOptions = {}): Metric {
  const { ignoreIndex } = readOptions("accuracy", METRIC, options);
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
 * import { compile, crossEntropy, evaluate } from "@unroll/rnn";
 * import { activation } from "@unroll/rnn/layers";
 * import { confusionMatrix } from "@unroll/rnn/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { matrix: confusionMatrix() } });
 * assertEquals(metrics.matrix, [[1, 1], [0, 2]]);
 * session.dispose();
 * ```
 */
export function confusionMatrix(options: ClassMetricOptions = {}): Metric<number[][]> {
  const { ignoreIndex } = readOptions("confusionMatrix", METRIC, options);
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
 * The precision of a class: of the rows that were predicted to be of the class, the share that is of the class. 0 when
 * no row was predicted to be.
 *
 * @throws {OptionError} When `average` has an unknown value.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, evaluate } from "@unroll/rnn";
 * import { activation } from "@unroll/rnn/layers";
 * import { precision } from "@unroll/rnn/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { precision: precision({ average: 1 }) } });
 * assertEquals(metrics.precision, 2 / 3);
 * session.dispose();
 * ```
 */
export function precision(options: ClassAverageOptions = {}): Metric {
  return averaged("precision", options, ({ right, predicted }) => ratio(right, predicted));
}

/**
 * The recall of a class: of the rows of the class, the share that was predicted to be of the class. 0 when no row is of
 * the class.
 *
 * @throws {OptionError} When `average` has an unknown value.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, evaluate } from "@unroll/rnn";
 * import { activation } from "@unroll/rnn/layers";
 * import { recall } from "@unroll/rnn/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { recall: recall() } });
 * assertEquals(metrics.recall, (1 / 2 + 1) / 2);
 * session.dispose();
 * ```
 */
export function recall(options: ClassAverageOptions = {}): Metric {
  return averaged("recall", options, ({ right, target }) => ratio(right, target));
}

/**
 * The harmonic mean of precision and recall, 2 p r / (p + r). 0 when both are 0.
 *
 * @throws {OptionError} When `average` has an unknown value.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, evaluate } from "@unroll/rnn";
 * import { activation } from "@unroll/rnn/layers";
 * import { f1 } from "@unroll/rnn/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const session = await compile(activation("identity", 2), { batch: 3, steps: 1, loss: crossEntropy() });
 * const data = { x: [[4, 1], [2, 3], [0, 5], [1, 2]], y: [[0], [1], [0], [1]] };
 * const { metrics } = await evaluate(session, data, { metrics: { f1: f1({ average: 1 }) } });
 * assertEquals(metrics.f1, 0.8);
 * session.dispose();
 * ```
 */
export function f1(options: ClassAverageOptions = {}): Metric {
  return averaged("f1", options, ({ right, predicted, target }) => ratio(2 * right, predicted + target));
}

/** How often a class was predicted rightly, was predicted, and was the target. */
interface Counts {
  right: number;
  predicted: number;
  target: number;
}

function averaged(name: string, options: ClassAverageOptions, score: (counts: Counts) => number): Metric {
  const { average, ignoreIndex } = readOptions(name, AVERAGE, options);
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

function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

function classesOf({ layout: { output } }: EvaluatedBatch): number {
  return output === 1 ? 2 : output;
}

/** Visits target, prediction and weight of every row that counts. */
function forEachClass(
  batch: EvaluatedBatch,
  ignoreIndex: number,
  visit: (target: number, predicted: number, weight: number) => void,
): void {
  const { output, y, layout: { output: width, targets } } = batch;
  const rows = output.length / width, C = classesOf(batch);
  if (targets === "labels") throw new OptionError("Cannot measure classes: labels do not belong to rows of the output");
  if (y.length !== rows) {
    throw new ShapeError(`Cannot measure classes: "y" must have a class for each of ${rows} rows, got ${y.length}`);
  }
  batch.forEach((row, weight) => {
    if (y[row] === ignoreIndex) return;
    requireBelow("y", y[row], row, C);
    visit(y[row], width === 1 ? Number(output[row] > 0) : argmax(output, row * width, width), weight);
  });
}

/** The index of the largest element; of equal elements, the first. */
function argmax(output: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let c = 1; c < width; c++) if (output[from + c] > output[from + best]) best = c;
  return best;
}
