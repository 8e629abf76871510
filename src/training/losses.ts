import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Port } from "../ops/port.ts";

/** A loss: what is compared with the targets, and how. */
export interface Loss {
  /** For messages. */
  readonly name: string;
  /** The loss in one net's memory, reading the net's output. */
  plan(scope: Scope, output: Port): PlannedLoss;
}

/** A loss with its place in memory. The caller writes targets and scale, then calls `forward`. */
export interface PlannedLoss {
  /** i32 class of each row, `[T * B]`; negative: the row does not count. */
  readonly targets: Slot;
  /** What the gradient is multiplied with, one f32: 1 / (number of rows that count) for a mean. */
  readonly scale: Slot;
  /** Sum of the losses of all rows, one f32. */
  readonly total: Slot;
  /** The target that means "does not count". */
  readonly ignoreIndex: number;
  /** Loss of the first `rows` rows of the output; leaves the gradient in the output's port if `gradient`. */
  forward(k: Kernels, rows: number, gradient: boolean): void;
}

/**
 * Cross-entropy of a softmax over classes with one class per row, averaged over the rows that count, in nats: PyTorch's
 * `cross_entropy`. Rows whose target is `ignoreIndex` (default -100) do not count.
 *
 * @example
 * ```ts
 * import { crossEntropy } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(crossEntropy().name, "cross-entropy");
 * ```
 */
export function crossEntropy({ ignoreIndex = -100 }: { ignoreIndex?: number } = {}): Loss {
  return {
    name: "cross-entropy",
    plan(scope, output) {
      const rows = scope.steps * scope.batch;
      const targets = scope.integers("targets", rows), losses = scope.kept("losses", 1, rows);
      const scale = scope.kept("scale", 1, 1), total = scope.kept("total loss", 1, 1);
      const { value: x, gradient: dx, width } = output;
      return {
        targets,
        scale,
        total,
        ignoreIndex,
        forward(k, rows, gradient) {
          const out = gradient ? dx!.address : 0;
          k.softmaxCrossEntropy(
            losses.address,
            out,
            x.address,
            targets.address,
            scale.address,
            rows,
            width,
            dx?.stride ?? 0,
            x.stride,
          );
          k.sum(total.address, losses.address, rows);
        },
      };
    },
  };
}
