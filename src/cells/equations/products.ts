import type { Kernels } from "../../kernels/kernels.ts";
import type { Slot } from "../../memory/slot.ts";
import type { CellContext } from "../cell.ts";
import type { Equations } from "./trace.ts";

/** The products of a cell with its recurrent weight, and its biases. */
export interface PlannedProducts {
  /** Bias of the input projection. */
  readonly bias?: Slot;
  /** The matmuls, by the number of the product; undefined for products with other weights. */
  readonly matmuls: readonly (Planned | undefined)[];
  /** Renew packed weights and summed biases. */
  refresh(k: Kernels): void;
  /** Add to the gradients of the recurrent weight and of the biases. */
  gradients(k: Kernels, T: number, B: number): void;
}

/** One matmul: z += v Wᵀ, or z = v Wᵀ + bias; and dv from dz. */
interface Planned {
  forward(k: Kernels, t: number, B: number, n: number): void;
  backward(k: Kernels, t: number, B: number, n: number): void;
}

/** A factor other than the output before the step: its slot, and that of its gradient. */
export interface Factor {
  readonly value: Slot;
  readonly gradient: Slot;
}

/**
 * Plans the products. With two biases, that of the recurrent weight is added to the other where the product is added
 * to the input, and has its own place in the product elsewhere.
 */
export function planProducts(
  { scope, H, z, recurrentLinear }: Pick<CellContext, "scope" | "H" | "z" | "recurrentLinear">,
  { gates, bias, weightNames: [, recurrent], products }: Equations,
  factor: (product: number) => Factor | undefined = () => undefined,
): PlannedProducts {
  const [ih, hh] = bias === true ? ["bias_ih", "bias_hh"] : ["bias"];
  const a = bias ? scope.parameter(ih) : undefined;
  const b = hh && products.some(({ weight }) => !weight) ? scope.parameter(hh) : undefined;
  const sum = a && b ? scope.derived("bias_ih + bias_hh", 1, a.size) : a?.value;
  const all = products.map(({ weight, row, block, results, adds }, i) => {
    if (weight) return undefined;
    const rows = { from: row * H, count: results.length * H }, own = b?.value.slice(rows.from, rows.count);
    const options = { rows, bias: adds ? undefined : own ?? null, input: factor(i) };
    return { matmul: recurrentLinear(recurrent, options), dz: z.slice(block * H, rows.count), rows, block, adds };
  });
  const list = all.flatMap((planned) => planned ?? []);
  const columns = (slot: Slot, block: number, count: number) => slot.slice(block * H, count);
  const inputs = gates.flatMap((_, gate) =>
    list.some(({ adds, block, rows }) => adds && gate >= block && gate < block + rows.count / H) ? [] : [gate]
  );
  return {
    bias: sum,
    matmuls: all.map((planned) => {
      if (!planned) return undefined;
      const { matmul, dz } = planned;
      return {
        forward: (k, t, B, n) => matmul.forward(k, dz, t, B, n),
        backward: (k, t, B, n) => matmul.backward(k, dz, t, B, n),
      };
    }),

    refresh(k) {
      for (const { matmul } of list) matmul.refresh(k);
      if (!a || !b || !sum) return;
      k.copy(sum.address, a.value.address, 1, a.size, a.size, a.size);
      for (const { rows: { from, count }, block, adds } of list) {
        if (!adds) continue;
        const to = columns(sum, block, count).address;
        k.add(to, to, b.value.slice(from, count).address, 1, count, count, count, count);
      }
    },

    gradients(k, T, B) {
      for (const { matmul, dz, rows: { from, count }, block, adds } of list) {
        const db = b?.gradient.slice(from, count), da = a && columns(a.gradient, block, count);
        matmul.gradient(k, dz, T, B, adds ? da : db);
        if (adds && db) k.copy(db.address, da!.address, 1, count, count, count);
      }
      for (const gate of a ? inputs : []) {
        k.columnSums(columns(a!.gradient, gate, H).address, columns(z, gate, H).address, T * B, H, z.stride);
      }
    },
  };
}
