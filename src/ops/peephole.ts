import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { RowBlock, Step } from "./step.ts";

/** The peephole of a gate, which reads its unit's cell state: z += p c, with a vector p of weights. */
export interface Peephole {
  /** z += p c */
  forward(s: Step, z: RowBlock, c: RowBlock): void;
  /** dc += p dz */
  backward(s: Step, dc: RowBlock, dz: RowBlock): void;
  /** dp += the sum of dz c over `rows` rows, the last row first. c starts at row `cRow`. */
  gradient(k: Kernels, dz: Slot, c: Slot, cRow: number, rows: number): void;
}

/** Plans a peephole whose weights are one row of a `[gates, H]` parameter. */
export function peephole(scope: Scope, weight: ParameterSlot, row: number): Peephole {
  const H = weight.shape[1];
  const p = weight.value.slice(row * H, H), dp = weight.gradient.slice(row * H, H);
  const products = scope.scratch("dz c", scope.steps * scope.batch, H);
  return {
    forward: (s, z, c) => s.multiplyAdd(z, s.broadcast(p), c),
    backward: (s, dc, dz) => s.multiplyAdd(dc, s.broadcast(p), dz),
    gradient(k, dz, c, cRow, rows) {
      k.multiply(products.address, dz.address, c.at(cRow), rows, H, products.stride, dz.stride, c.stride);
      k.columnSums(dp.address, products.address, rows, H, products.stride);
    },
  };
}
