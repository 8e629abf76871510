/**
 * The numbers that select a loss in `elementLoss`. d = x - y; c = d clamped to [-delta, delta]; delta and p are
 * settings of a column. `Kind` in assembly/element_loss.ts has the same order.
 */
export const ELEMENT_LOSS = {
  /** d² */
  squared: 0,
  /** |d| */
  absolute: 1,
  /** c (d - c / 2): d² / 2 near 0, delta (|d| - delta / 2) from delta on */
  huber: 2,
  /** (1 - y) x + ((p - 1) y + 1) log(1 + exp(-x)) = -p y log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x)) */
  binaryCrossEntropy: 3,
} as const;
