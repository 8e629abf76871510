import { format, OptionError } from "../../errors.ts";
import { ELEMENT_LOSS } from "../../kernels/element_loss_kinds.ts";
import { type Loss, readLosses, type Reduction, requireCount, requireTargets, weightsOf } from "./loss.ts";

/** An elementwise loss: a function of an output and its target. */
export interface ElementLoss {
  /** Name in error messages. */
  readonly name: string;
  /** The function. */
  readonly kind: keyof typeof ELEMENT_LOSS;
  /**
   * Factor of the function.
   *
   * @default {1}
   */
  readonly factor?: number;
  /**
   * The smallest and the largest target.
   *
   * @default any finite number
   */
  readonly range?: readonly [low: number, high: number];
  /** The function's parameter for each column of the output. Default: the function has no parameter. */
  settings?(width: number): readonly number[];
}

/**
 * A loss that compares every element of the output with a target: the common part of `squaredError`, `absoluteError`,
 * `huber`, `smoothL1` and `binaryCrossEntropy`. A mean divides by the number of elements of the rows that count; with
 * weights, by the sum of the rows' weights times the width.
 */
export function elementLoss(loss: ElementLoss, reduction: Reduction): Loss {
  const { name, kind, factor = 1, range } = loss;
  return {
    name,
    targets: "step",
    plan(scope, { value: x, gradient: dx, width }) {
      const rows = x.rows, settings = loss.settings?.(width);
      const numbers = scope.activation("targets", 1, rows * width);
      const losses = scope.activation("losses", 1, rows * width);
      const weights = scope.activation("weights", 1, rows), scale = scope.activation("scale", 1, 1);
      const total = scope.activation("total loss", 1, 1);
      const columns = settings && scope.constant("loss settings", settings);
      return {
        targets: "step",
        total,
        check(targets, rows) {
          requireTargets(targets, rows, width);
          const weight = weightsOf(targets, rows);
          let counted = 0, sum = 0;
          rows.forEach((row, i) => {
            if (i < 0 || weight(row, i) === 0) return;
            for (let j = i * width; j < (i + 1) * width; j++) requireTarget(targets.y[j], j, range);
            counted++;
            sum += weight(row, i);
          });
          return requireCount(reduction, sum, counted, targets, rows);
        },
        write(targets, rows, count) {
          const { y } = targets, weight = weightsOf(targets, rows);
          const number = rows.floats(numbers.address, numbers.columns);
          const v = rows.floats(weights.address, weights.columns);
          rows.forEach((row, i) => {
            v[row] = i < 0 ? 0 : factor * weight(row, i);
            for (let j = 0; j < width; j++) number[row * width + j] = v[row] === 0 ? 0 : y[i * width + j];
          });
          rows.floats(scale.address, 1)[0] = reduction === "mean" && count ? 1 / (count * width) : 1;
        },
        forward(k, { T, B }, gradient) {
          const out = gradient ? dx!.address : 0, m = T * B, setting = columns?.address ?? 0;
          const places = [losses.address, out, x.address, numbers.address, weights.address, setting] as const;
          k.elementLoss(...places, scale.address, ELEMENT_LOSS[kind], m, width, dx?.stride ?? 0, x.stride);
          k.sum(total.address, losses.address, m * width);
        },
        reduction,
        reduce: (total, count) => reduction === "mean" ? total / (count * width) : total,
        read: (rows) => readLosses(losses, rows, width),
      };
    },
  };
}

/** @throws {OptionError} When element `index` of y is not a finite number in the range. */
function requireTarget(value: number, index: number, range: ElementLoss["range"]): void {
  if (Number.isFinite(value) && (!range || (value >= range[0] && value <= range[1]))) return;
  const expected = range ? `a number from ${range[0]} to ${range[1]}` : "a finite number";
  throw new OptionError(`Every element of "y" must be ${expected}, got ${format(value)} at ${index}`);
}
