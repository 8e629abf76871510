import type { PlanRule } from "./plan_rule.ts";
import { ShapeError } from "../../../errors.ts";
import { sizeOf } from "../../format/tensor.ts";
import { inCells, isFloat } from "./plan_value.ts";

/** Gather of whole rows of a table of floats, at indices that a call computes. */
export function planGather(axis: number): PlanRule {
  return (plan, [x, indices]) => {
    const register = indices?.register;
    if (!isFloat(x) || register === undefined || (axis !== 0 && axis !== -x.shape.length)) return undefined;
    const [extent, ...inner] = x.shape, m = sizeOf(indices!.shape), n = sizeOf(inner);
    const table = plan.dense(x), index = plan.buffer(m), y = plan.buffer(m * n);
    plan.step([table, index, y], ({ k, address, ints, registers }) => {
      const to = address(y), from = address(table), at = address(index), rows = ints(index, m);
      return () => {
        const { data } = registers[register];
        for (let i = 0; i < m; i++) {
          const row = data[i] < 0 ? data[i] + extent : data[i];
          if (!(Number.isInteger(row) && row >= 0 && row < extent)) {
            throw new ShapeError(`index ${data[i]} at ${i} is not below the extent ${extent} of axis 0`);
          }
          rows[i] = row;
        }
        k.gather(to, from, at, m, n, n, n);
      };
    });
    return [inCells([...indices!.shape, ...inner], y)];
  };
}
