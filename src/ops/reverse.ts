import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Needs } from "./needs.ts";
import type { BatchShape, Value } from "./value.ts";

/**
 * Sequences read backwards, each from its own last step to its first; padding stays behind. Reversing twice gives back what there
 * was, so the way back, for values and for gradients, is the same gather.
 */
export interface Reverse {
  /** The reversed input. */
  readonly output: Value;
  /** The order of the rows, which the session writes. */
  readonly needs: Partial<Needs>;
  /** Fill the reversed input. */
  forward(k: Kernels, shape: BatchShape): void;
  /** Add the gradient of the reversed input, turned back, to the gradient of the input. */
  backward(k: Kernels, shape: BatchShape): void;
}

/** The reverse of a port. */
export function reverse(scope: Scope, x: Value): Reverse {
  const order = scope.reverseOrder(), rows = scope.steps * scope.batch, { width } = x, needs = { reverseOrder: order };
  if (x.kind !== "values") {
    const value = scope.integers("reversed input", rows);
    return {
      output: { ...x, value },
      needs,
      forward: (k, { T, B }) => k.gatherIntegers(value.address, x.value.address, order.address, T * B),
      backward() {},
    };
  }
  const value = scope.activation("reversed input", rows, width);
  const gradient = x.gradient && scope.activation("gradient of reversed input", rows, width);
  const turned = scope.scratch("turned gradient", rows, width);
  return {
    output: { ...x, value, gradient },
    needs,
    forward: (k, shape) => reverseSequences(k, value, x.value, order, shape),
    backward(k, shape) {
      if (!x.gradient || !gradient) return;
      reverseSequences(k, turned, gradient, order, shape);
      const { address, stride } = x.gradient;
      k.add(address, address, turned.address, shape.T * shape.B, width, stride, stride, turned.stride);
    },
  };
}

/** y = x with every sequence backwards. */
export function reverseSequences(k: Kernels, y: Slot, x: Slot, order: Slot, { T, B }: BatchShape): void {
  k.gather(y.address, x.address, order.address, T * B, x.columns, y.stride, x.stride);
}
