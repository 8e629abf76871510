import { exp } from "../../kernels/real.ts";
import type { Layout } from "../data/batch.ts";
import { TotalLoss } from "../losses/total_loss.ts";

/** A measure of all batches of an evaluation together. */
export interface Metric<Value = number> {
  /** Whether a higher or a lower value is better. Default: neither. */
  readonly better?: "higher" | "lower";
  /** A new state without batches. */
  start(): MetricState<Value>;
}

/** The state of a metric between batches. */
export interface MetricState<Value> {
  /** Add a batch. */
  add(batch: EvaluatedBatch): void;
  /** The metric of all batches so far. */
  value(): Value;
}

/** The outputs, targets and loss of a batch. */
export interface EvaluatedBatch {
  /** Layout of output and targets. */
  readonly layout: Layout;
  /** The output: `[T, B, width]` (`[B, T, width]` when batch-first), or `[B, width]`. */
  readonly output: Float32Array;
  /** The targets that the loss reads. */
  readonly y: ArrayLike<number>;
  /** The reduced loss. */
  readonly loss: number;
  /** The sum of the weights of all targets that count. */
  readonly count: number;
  /** Visits every row of the output that is not padding and whose weight is not 0. */
  forEach(visit: (row: number, weight: number) => void): void;
}

/**
 * Perplexity: e to the mean loss, for a cross-entropy without label smoothing and class weights. 1 is the best value;
 * uniform guesses have the number of classes.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, dense, evaluate, perplexity } from "@unroll/rnn";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const session = await compile(dense(1, 4), { batch: 2, steps: 1, loss: crossEntropy() });
 * const parameters = session.parameters();
 * for (const { data } of parameters.values()) data.fill(0); // the same probability for all classes
 * session.setParameters(parameters);
 * const data = { x: [[1], [2]], y: [[0], [3]] };
 * const { metrics } = await evaluate(session, data, { metrics: { perplexity: perplexity() } });
 * assertAlmostEquals(metrics.perplexity, 4, 1e-6);
 * session.dispose();
 * ```
 */
export function perplexity(): Metric {
  return {
    better: "lower",
    start() {
      let total: TotalLoss | undefined;
      return {
        add({ loss, count, layout }) {
          total ??= new TotalLoss(layout.reduction);
          total.add({ loss, count });
        },
        value: () => total ? exp(total.sum / total.count) : NaN,
      };
    },
  };
}
