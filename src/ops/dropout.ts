import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Needs } from "./needs.ts";
import type { BatchShape } from "./value.ts";

/** A dropout mask (Srivastava et al. 2014): 0 with probability `rate`, else 1 / (1 - rate). */
export interface DropoutMask {
  /** The mask. */
  readonly slot: Slot;
  /** The counter of random numbers, which the session writes. */
  readonly needs: Partial<Needs>;
  /** Draw the mask of T steps, by default all steps of the shape. Outside of training the mask is 1. */
  draw(k: Kernels, shape: BatchShape, T?: number): void;
}

/**
 * Plans a mask of at most `rows` rows. The mask depends only on the seed, the training pass, the position in the net
 * and the element.
 */
export function dropoutMask(scope: Scope, name: string, rate: number, rows: number, columns: number): DropoutMask {
  const slot = scope.activation(`mask of ${name}`, rows, columns);
  const rates = scope.constant(`rate of ${name}`, [rate, 0]), [on, off] = [rates, rates.slice(1, 1)];
  const { seed0, seed1, stream, counter } = scope.random();
  return {
    slot,
    needs: { randomCounter: counter },
    draw(k, { T: allSteps, B, training, shard }, T = allSteps) {
      const p = training ? on.address : off.address;
      const fill = (to: number, first: number, m: number) =>
        k.dropoutMask(slot.at(to), p, counter.address, first, m, columns, slot.stride, seed0, seed1, stream);
      if (!shard) return fill(0, 0, T * B);
      for (let i = 0; i < T * B; i++) fill(i, Math.floor(i / B) * shard.B + shard.rows[i % B], 1);
    },
  };
}
