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
  readonly port: Value;
  /** The order of the rows, which the session writes. */
  readonly needs: Partial<Needs>;
  /** Fill the reversed input. */
  forward(k: Kernels, extent: BatchShape): void;
  /** Add the gradient of the reversed input, turned back, to the gradient of the input. */
  backward(k: Kernels, extent: BatchShape): void;
}

/** The reverse of a port. */
export function reverse(scope: Scope, x: Value): Reverse {
  const order = scope.reverseOrder(), rows = scope.steps * scope.batch, { width } = x, needs = { reverseOrder: order };
  if (x.kind !== "values") {
    const value = scope.integers("reversed input", rows);
    return {
      port: { ...x, value },
      needs,
      forward: (k, { T, B }) => k.gatherIntegers(value.address, x.value.address, order.address, T * B),
      backward() {},
    };
  }
  const value = scope.activation("reversed input", rows, width);
  const gradient = x.gradient && scope.activation("gradient of reversed input", rows, width);
  const turned = scope.scratch("turned gradient", rows, width);
  return {
    port: { ...x, value, gradient },
    needs,
    forward: (k, extent) => turn(k, value, x.value, order, extent),
    backward(k, extent) {
      if (!x.gradient || !gradient) return;
      turn(k, turned, gradient, order, extent);
      const { address, stride } = x.gradient;
      k.add(address, address, turned.address, extent.T * extent.B, width, stride, stride, turned.stride);
    },
  };
}

/** y = x with every sequence backwards. */
export function turn(k: Kernels, y: Slot, x: Slot, order: Slot, { T, B }: BatchShape): void {
  k.gather(y.address, x.address, order.address, T * B, x.columns, y.stride, x.stride);
}
