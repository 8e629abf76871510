import type { Reduction } from "./loss.ts";

/** The loss of several batches together. */
export class TotalLoss {
  /** Sum of the losses, each times its count for the reduction "mean". */
  sum = 0;
  /** Sum of the weights of all targets that count. */
  count = 0;

  /** Starts without batches, or from the sum and count of another total. */
  constructor(readonly reduction: Reduction, { sum, count }: { sum: number; count: number } = { sum: 0, count: 0 }) {
    this.sum = sum;
    this.count = count;
  }

  /** Add a batch. */
  add({ loss, count }: { loss: number; count: number }): void {
    this.sum += this.reduction === "mean" ? loss * count : loss;
    this.count += count;
  }

  /** The loss of all batches. */
  get loss(): number {
    return this.reduction === "mean" ? this.sum / this.count : this.sum;
  }
}
