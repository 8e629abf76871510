import { exp } from "../../kernels/real.ts";
import type { Layout } from "../data/batch.ts";
import { TotalLoss } from "../losses/total_loss.ts";

/** What is measured on all batches of an evaluation together. */
export interface Metric<Value = number> {
  /** Which of two values is the better one. Default: neither is. */
  readonly better?: "higher" | "lower";
  /** A tally without batches. */
  start(): MetricState<Value>;
}

/** What a metric has seen. */
export interface MetricState<Value> {
  /** One more batch. */
  add(batch: EvaluatedBatch): void;
  /** The metric of all batches so far. */
  value(): Value;
}

/** A batch that went through a net, and its loss. */
export interface EvaluatedBatch {
  /** How output and targets are laid out. */
  readonly layout: Layout;
  /** The output: `[T, B, width]` (`[B, T, width]` when batch-first), or `[B, width]`. */
  readonly output: Float32Array;
  /** The targets, as the loss reads them. */
  readonly y: ArrayLike<number>;
  /** The loss, reduced. */
  readonly loss: number;
  /** The weight of all targets that count. */
  readonly count: number;
  /** Every row of the output that is no padding and has a weight other than 0. */
  forEach(visit: (row: number, weight: number) => void): void;
}

/**
 * Perplexity: e to the mean loss. It is what its name says where the loss is a cross-entropy without smoothing and
 * class weights; 1 at best, the number of classes for guesses.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, dense, evaluate, perplexity } from "@unroll/rnn";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * using session = await compile(dense(1, 4), { batch: 2, steps: 1, loss: crossEntropy() });
 * const parameters = session.parameters();
 * for (const { data } of parameters.values()) data.fill(0); // the same probability for all classes
 * session.setParameters(parameters);
 * const data = { x: [[1], [2]], y: [[0], [3]] };
 * const { metrics } = await evaluate(session, data, { metrics: { perplexity: perplexity() } });
 * assertAlmostEquals(metrics.perplexity, 4, 1e-6);
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
