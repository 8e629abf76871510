import { OptionError } from "../../errors.ts";
import type { Loss, TargetRows } from "./loss.ts";

/**
 * A loss of the last step of each sequence alone: many to one. The output after a row's last valid step is compared
 * with one target a sequence, so y is `[B]` (or `[B, width]`) and so are weights and losses; the outputs of all other
 * steps get no gradient.
 *
 * @throws {OptionError} When the loss has one target a sequence already.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, dense, gru, lastStep, recurrent, sequential, sgd } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(gru(), { input: 1, hidden: 8 }), decoder: dense(8, 2) });
 * const options = { loss: lastStep(crossEntropy()), optimizer: sgd({ learningRate: 1 }) };
 * using session = await compile(net, { batch: 2, steps: 3, batchFirst: true, ...options });
 * const data = { x: [1, 1, 1, -1, -1, 0], y: [0, 1] }; // a class for each of the two sequences
 * let loss = Infinity;
 * for (let i = 0; i < 50; i++) loss = session.step(data, { lengths: [3, 2] }).loss;
 * assert(loss < 0.1);
 * ```
 */
export function lastStep(loss: Loss): Loss {
  if (loss.targets === "sequence") {
    throw new OptionError(`Cannot take the last step of "${loss.name}": it has one target a sequence already`);
  }
  return {
    name: `${loss.name} of the last step`,
    targets: "sequence",
    plan(scope, { value: x, gradient: dx, width }) {
      const { batch } = scope, index = scope.integers("last step", batch);
      const y = scope.kept("last output", batch, width);
      const dy = dx && scope.kept("gradient of last output", batch, width);
      const inner = loss.plan(scope, { kind: "values", width, value: y, gradient: dy });
      return {
        ...inner,
        targets: "sequence",
        check: (targets, rows) => inner.check(targets, ofSequences(rows)),
        write(targets, rows, count) {
          const { B } = rows, at = rows.integers(index.address, B);
          for (let b = 0; b < B; b++) at[b] = (rows.steps(b) - 1) * B + b;
          inner.write(targets, ofSequences(rows), count);
        },
        forward(k, extent, gradient) {
          const { T, B } = extent;
          k.gather(y.address, x.address, index.address, B, width, y.stride, x.stride);
          inner.forward(k, { ...extent, T: 1, active: () => B }, gradient);
          if (!gradient) return;
          k.zero(dx!.address, T * B, width, dx!.stride);
          k.scatterAdd(dx!.address, dy!.address, index.address, B, width, dx!.stride, dy!.stride);
        },
        read: (rows) => inner.read(ofSequences(rows)),
      };
    },
  };
}

/** Rows of one step a sequence. */
function ofSequences(rows: TargetRows): TargetRows {
  const { B, sequence } = rows;
  return {
    ...rows,
    count: B,
    forEach(visit) {
      for (let b = 0; b < B; b++) visit(b, sequence(b));
    },
    steps: () => 1,
  };
}
