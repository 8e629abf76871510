import type { PlanRule } from "./plan_rule.ts";
import { ACTIVATION } from "../../../kernels/activation_kinds.ts";
import { broadcastShape } from "../operators/strides.ts";
import { operands } from "./layout.ts";
import { inCells, isFloat } from "./plan_value.ts";

/** A kernel of two operands. */
export type BinaryKernel = "add" | "subtract" | "multiply";

/** Plans f on each element of one tensor: by an activation's kernel, which reads two settings, or in a loop. */
export function planUnary(
  f: (x: number) => number,
  kernel?: keyof typeof ACTIVATION,
  settings: readonly number[] = [],
): PlanRule {
  return (plan, [x]) => {
    if (!isFloat(x)) return undefined;
    const { m, n, from: [{ cells }], to, result } = operands(plan, [x], x.shape), size = m * n;
    const numbers = plan.constant(Float32Array.from([0, 1], (_, i) => settings[i] ?? 0));
    plan.step([cells, to, numbers], ({ k, address, floats }) => {
      const y = address(to), from = address(cells);
      if (kernel) {
        const at = address(numbers), kind = ACTIVATION[kernel];
        return () => k.activate(y, from, at, kind, 1, size, size, size);
      }
      const output = floats(to, size), input = floats(cells, size);
      return () => {
        for (let i = 0; i < size; i++) output[i] = f(input[i]);
      };
    });
    return [inCells(x.shape, result)];
  };
}

/** Plans f on the elements of two tensors, which are broadcast to one shape: by a kernel, or in a loop. */
export function planBinary(f: (a: number, b: number) => number, kernel?: BinaryKernel): PlanRule {
  return (plan, [a, b]) => {
    if (!isFloat(a) || !isFloat(b)) return undefined;
    const shape = broadcastShape(a.shape, b.shape), { m, n, from: [x, z], to, result } = operands(plan, [a, b], shape);
    plan.step([x.cells, z.cells, to], ({ k, address, floats }) => {
      if (kernel) {
        const y = address(to), left = address(x.cells), right = address(z.cells);
        return () => k[kernel](y, left, right, m, n, n, x.stride, z.stride);
      }
      const output = floats(to, m * n), left = floats(x.cells, x.stride ? m * n : n);
      const right = floats(z.cells, z.stride ? m * n : n);
      return () => {
        for (let r = 0; r < m; r++) {
          const o = r * n, p = r * x.stride, q = r * z.stride;
          for (let j = 0; j < n; j++) output[o + j] = f(left[p + j], right[q + j]);
        }
      };
    });
    return [inCells(shape, result)];
  };
}
