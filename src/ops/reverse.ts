import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Needs } from "./needs.ts";
import type { BatchShape, Value } from "./value.ts";

/**
 * Sequences in reverse, each from its last step to its first. Padding stays at the end. The reverse of the reverse is
 * the sequence itself, so backward is the same gather as forward.
 */
export interface Reverse {
  /** The reversed input. */
  readonly output: Value;
  /** The order of the rows, which the session writes. */
  readonly needs: Partial<Needs>;
  /** Fill the reversed input. */
  forward(k: Kernels, shape: BatchShape): void;
  /** Add the gradient of the reversed input, in the order of time, to the gradient of the input. */
  backward(k: Kernels, shape: BatchShape): void;
}

/** Plans the reverse of an input. */
export function reverse(scope: Scope, x: Value): Reverse {
  const order = scope.reverseOrder(), needs = { reverseOrder: order };
  const rows = scope.steps * scope.batch, { width } = x;
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
  const inOrder = scope.scratch("turned gradient", rows, width);
  return {
    output: { ...x, value, gradient },
    needs,
    forward: (k, shape) => reverseSequences(k, value, x.value, order, shape),
    backward(k, shape) {
      if (!x.gradient || !gradient) return;
      reverseSequences(k, inOrder, gradient, order, shape);
      const { address, stride } = x.gradient;
      k.add(address, address, inOrder.address, shape.T * shape.B, width, stride, stride, inOrder.stride);
    },
  };
}

/** y = x with every sequence in reverse. */
export function reverseSequences(k: Kernels, y: Slot, x: Slot, order: Slot, { T, B }: BatchShape): void {
  k.gather(y.address, x.address, order.address, T * B, x.columns, y.stride, x.stride);
}
