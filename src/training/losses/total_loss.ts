import type { Reduction } from "./loss.ts";

/** Losses of batches put together as the loss's reduction says. */
export class TotalLoss {
  /** Sum of the losses times counts, or of the losses. */
  sum = 0;
  /** The weight of all targets that count. */
  count = 0;

  /** From nothing, or from where another stood. */
  constructor(readonly reduction: Reduction, { sum, count }: { sum: number; count: number } = { sum: 0, count: 0 }) {
    this.sum = sum;
    this.count = count;
  }

  /** One more batch. */
  add({ loss, count }: { loss: number; count: number }): void {
    this.sum += this.reduction === "mean" ? loss * count : loss;
    this.count += count;
  }

  /** The loss of all of them. */
  get loss(): number {
    return this.reduction === "mean" ? this.sum / this.count : this.sum;
  }
}
