import { requireBelow, ShapeError } from "../../errors.ts";
import { extended, finite, numbers, readOptions, share, type Table } from "../../options.ts";
import { LOSS, type Loss, type LossOptions, readLosses, requireCount, requireTargets, weightsOf } from "./loss.ts";

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends LossOptions {
  /**
   * The target of rows that do not count.
   *
   * @default {-100}
   */
  ignoreIndex?: number;
  /**
   * The share of a target, from 0 to 1, that is spread evenly over all classes (Szegedy et al. 2016).
   *
   * @default {0}
   */
  labelSmoothing?: number;
  /** A weight for each class, finite numbers. Default: all 1. */
  classWeights?: ArrayLike<number>;
}

const CROSS_ENTROPY = /* @__PURE__ */ extended(LOSS, {
  ignoreIndex: [finite, -100],
  labelSmoothing: [share, 0],
  classWeights: [numbers],
}) satisfies Table<CrossEntropyOptions>;

/**
 * Cross-entropy of a softmax over the columns of the output with one class a row, in nats: PyTorch's `cross_entropy`.
 * With w the class weights, e the label smoothing and C classes, a row of target c has the loss
 *
 *   -(1 - e) w(c) log p(c) - e / C sum_k w(k) log p(k)
 *
 * and a mean divides by the sum of w(c) over the rows that count. Rows whose target is `ignoreIndex` do not count. When
 * no row counts, or the weights of the rows that count sum to 0, PyTorch's mean is NaN; this loss refuses the call.
 *
 * Targets: a class for each row, an integer from 0 to C - 1.
 *
 * @throws {OptionError} When a number is out of range.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, dense } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const loss = crossEntropy({ ignoreIndex: 0, labelSmoothing: 0.1 });
 * const session = await compile(dense(1, 3), { batch: 2, steps: 2, loss });
 * const { count } = session.evaluate({ x: [1, 2, 3, 4], y: [1, 2, 0, 1] }); // [T = 2, B = 2]
 * assertEquals(count, 3);
 * session.dispose();
 * ```
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  const read = readOptions("crossEntropy", CROSS_ENTROPY, options);
  const { reduction, ignoreIndex, labelSmoothing: smoothing, classWeights: ownWeights } = read;
  return {
    name: "cross-entropy",
    targets: "step",
    plan(scope, { value: x, gradient: dx, width }) {
      if (ownWeights && ownWeights.length !== width) {
        throw new ShapeError(
          `Cannot plan the loss: "classWeights" must have ${width} elements, one a class, got ${ownWeights.length}`,
        );
      }
      const rows = x.rows, w = ownWeights ?? new Array<number>(width).fill(1);
      const classes = scope.integers("targets", rows), losses = scope.activation("losses", 1, rows);
      const shares = scope.activation("shares", 1, 2 * rows), scale = scope.activation("scale", 1, 1);
      const total = scope.activation("total loss", 1, 1);
      const weight = smoothing ? scope.constant("class weights", [...w, w.reduce((a, b) => a + b)]) : undefined;
      return {
        targets: "step",
        elements: rows,
        total,
        check(targets, rows) {
          const { y } = targets;
          requireTargets(targets, rows, 1);
          const weight = weightsOf(targets, rows);
          let counted = 0, sum = 0;
          rows.forEach((row, i) => {
            if (i < 0 || y[i] === ignoreIndex || weight(row, i) === 0) return;
            requireBelow("y", y[i], i, width);
            counted++;
            sum += weight(row, i) * w[y[i]];
          });
          return requireCount(reduction, sum, counted, targets, rows);
        },
        write(targets, rows, count) {
          const { y } = targets, weight = weightsOf(targets, rows);
          const class_ = rows.integers(classes.address, classes.rows);
          const share = rows.floats(shares.address, shares.columns);
          rows.forEach((row, i) => {
            const v = i < 0 || y[i] === ignoreIndex ? 0 : weight(row, i);
            class_[row] = v === 0 ? -1 : y[i];
            share[2 * row] = v === 0 ? 0 : v * (1 - smoothing) * w[y[i]];
            share[2 * row + 1] = v * smoothing / width;
          });
          rows.floats(scale.address, 1)[0] = reduction === "mean" && count ? 1 / count : 1;
        },
        forward(k, { T, B }, gradient) {
          const out = gradient ? dx!.address : 0, weights = weight?.address ?? 0, m = T * B;
          const places = [losses.address, out, x.address, classes.address, shares.address, weights] as const;
          k.softmaxCrossEntropy(...places, scale.address, m, width, dx?.stride ?? 0, x.stride);
          k.sum(total.address, losses.address, m);
        },
        reduction,
        reduce: (total, count) => reduction === "mean" ? total / count : total,
        read: (rows) => readLosses(losses, rows, 1),
      };
    },
  };
}
