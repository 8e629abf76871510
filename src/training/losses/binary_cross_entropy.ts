import { ShapeError } from "../../errors.ts";
import { extended, finite, numbers, readOptions, type Table } from "../../options.ts";
import { elementLoss } from "./element_loss.ts";
import { LOSS, type Loss, type LossOptions } from "./loss.ts";

/** Options of `binaryCrossEntropy`. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /**
   * Factor of the losses of positive targets, one number or one for each column. Above 1 for more recall, below 1 for
   * more precision.
   *
   * @default {1}
   */
  positiveWeight?: number | ArrayLike<number>;
}

const BINARY_CROSS_ENTROPY = /* @__PURE__ */ extended(LOSS, {
  positiveWeight: [(name: string, value: unknown) => (typeof value === "object" ? numbers : finite)(name, value), 1],
}) satisfies Table<BinaryCrossEntropyOptions>;

/**
 * Cross-entropy of the sigmoid of every output x with a target y, a number from 0 to 1, in nats: PyTorch's
 * `binary_cross_entropy_with_logits`. With p the positive weight,
 *
 *   -p y log sigmoid(x) - (1 - y) log(1 - sigmoid(x))
 *
 * computed as (1 - y) x + ((p - 1) y + 1) log(1 + exp(-x)), which does not overflow. A mean divides by the number of
 * elements. A call with a target outside 0 to 1 is refused, also where PyTorch accepts one.
 *
 * @throws {OptionError} When a weight is not a finite number.
 *
 * @example
 * ```ts
 * import { binaryCrossEntropy, compile, dense } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const loss = binaryCrossEntropy({ positiveWeight: [1, 3] });
 * const session = await compile(dense(1, 2), { batch: 2, steps: 1, loss });
 * assertEquals(session.losses({ x: [1, 2], y: [1, 0, 0, 1] }).length, 4);
 * session.dispose();
 * ```
 */
export function binaryCrossEntropy(options: BinaryCrossEntropyOptions = {}): Loss {
  const { positiveWeight: weights, reduction } = readOptions("binaryCrossEntropy", BINARY_CROSS_ENTROPY, options);
  return elementLoss({
    name: "binary cross-entropy",
    kind: "binaryCrossEntropy",
    range: [0, 1],
    settings(width) {
      if (typeof weights === "number") return new Array<number>(width).fill(weights);
      if (weights.length === width) return weights;
      throw new ShapeError(
        `Cannot plan the loss: "positiveWeight" must have ${width} elements, one a column, got ${weights.length}`,
      );
    },
  }, reduction);
}
