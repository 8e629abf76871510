import type { Layer, Slot } from "../../../mod.ts";
import type { Kernels } from "../../../src/kernels/kernels.ts";

/**
 * A layer of the kind that a user may write, whose rows depend on other rows: y(t) = x(t) + y(t - 1), computed on a
 * copy of x by one call for all steps but the first. Then x, two steps and one row earlier, is added to the later rows.
 * The layer takes whole batches without lengths.
 */
export function stepsBack(width: number): Layer {
  return {
    input: { kind: "values", width },
    output: { kind: "values", width },
    parameters: {},
    plan(scope, x) {
      const rows = scope.steps * scope.batch;
      const y = scope.activation("output", rows, width), dy = scope.activation("gradient of output", rows, width);
      const add = (k: Kernels, to: Slot, row: number, from: Slot, at: number, m: number) => {
        if (m > 0) k.add(to.at(row), to.at(row), from.at(at), m, width, to.stride, to.stride, from.stride);
      };
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward(k, { T, B }) {
          k.copy(y.address, x.value.address, T * B, width, y.stride, x.value.stride);
          add(k, y, B, y, 0, (T - 1) * B); // row by row: each row reads the sum that the row a step earlier received
          add(k, y, 2 * B + 1, x.value, 1, (T - 2) * B - 1);
        },
        backward(k, { T, B }) {
          if (!x.gradient) return;
          const dx = x.gradient;
          k.copy(dx.address, dy.address, T * B, width, dx.stride, dy.stride);
          for (let t = T - 1; t > 0; t--) add(k, dx, (t - 1) * B, dx, t * B, B);
          add(k, dx, 1, dy, 2 * B + 1, (T - 2) * B - 1);
        },
        gradients() {},
      };
    },
  };
}
