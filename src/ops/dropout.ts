import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Needs } from "./needs.ts";
import type { BatchShape } from "./value.ts";

/** A mask of zeros, with probability `rate`, and 1 / (1 - rate) (Srivastava et al. 2014). */
export interface DropoutMask {
  readonly slot: Slot;
  /** The counter of random numbers, which the session writes. */
  readonly needs: Partial<Needs>;
  /** New numbers for the rows of T steps, default all of the shape; all ones when not training. */
  draw(k: Kernels, shape: BatchShape, T?: number): void;
}

/** A mask of at most `rows` rows. It depends on the seed, the training pass, the place in the net and the element, nothing else. */
export function dropoutMask(scope: Scope, name: string, rate: number, rows: number, columns: number): DropoutMask {
  const slot = scope.activation(`mask of ${name}`, rows, columns);
  const rates = scope.constant(`rate of ${name}`, [rate, 0]), [on, off] = [rates, rates.slice(1, 1)];
  const { seed0, seed1, stream, counter } = scope.random();
  return {
    slot,
    needs: { randomCounter: counter },
    draw(k, { T: all, B, training, shard }, T = all) {
      const p = training ? on.address : off.address;
      const fill = (to: number, first: number, m: number) =>
        k.dropoutMask(slot.at(to), p, counter.address, first, m, columns, slot.stride, seed0, seed1, stream);
      if (!shard) return fill(0, 0, T * B);
      for (let i = 0; i < T * B; i++) fill(i, Math.floor(i / B) * shard.B + shard.rows[i % B], 1);
    },
  };
}
