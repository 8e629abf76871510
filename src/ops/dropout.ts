import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";

/** A mask of zeros, with probability `rate`, and 1 / (1 - rate) (Srivastava et al. 2014). */
export interface DropoutMask {
  readonly slot: Slot;
  /** New numbers for `m` rows; all ones when not training. */
  draw(k: Kernels, m: number, training: boolean): void;
}

/** A mask of at most `rows` rows. It depends on the seed, the training pass, the place in the net and the element, nothing else. */
export function dropoutMask(scope: Scope, name: string, rate: number, rows: number, columns: number): DropoutMask {
  const slot = scope.kept(`mask of ${name}`, rows, columns);
  const rates = scope.constant(`rate of ${name}`, [rate, 0]), [on, off] = [rates, rates.slice(1, 1)];
  const { seed0, seed1, stream, counter } = scope.random();
  return {
    slot,
    draw(k, m, training) {
      const p = training ? on.address : off.address;
      k.dropoutMask(slot.address, p, counter.address, 0, m, columns, slot.stride, seed0, seed1, stream);
    },
  };
}
