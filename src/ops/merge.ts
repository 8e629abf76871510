import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Needs } from "./needs.ts";
import type { BatchShape, TensorSpec, Value } from "./value.ts";
import { reverseSequences } from "./reverse.ts";

/** How the outputs of the two directions become one. `"none"`: the outputs stay two sequences. */
export type Merge = "concat" | "sum" | "average" | "multiply" | "none";

/** The merged output of a forward and a reversed sequence, and the backward pass of its gradient. */
export interface Merged {
  /** The merged output, in the order of time. */
  readonly output: Value;
  /** The order of the rows, which the session writes. */
  readonly needs: Partial<Needs>;
  forward(k: Kernels, shape: BatchShape): void;
  backward(k: Kernels, shape: BatchShape): void;
}

/** The spec of two merged outputs of one spec. */
export function mergedSpec(mode: Merge, { width, steps }: TensorSpec): TensorSpec {
  if (mode === "none") return { kind: "values", width: 2 * width, parts: 2, steps };
  return { kind: "values", width: mode === "concat" ? 2 * width : width, steps };
}

/** Merge `first`, in the order of time, with `second`, in reverse order. Both have the same width. */
export function merge(scope: Scope, mode: Merge, first: Value, second: Value): Merged {
  const { width, steps } = first;
  const rows = steps === "one" ? scope.batch : scope.steps * scope.batch;
  const order = scope.reverseOrder(), needs = { reverseOrder: order };
  const { width: mergedWidth, parts } = mergedSpec(mode, first);
  // One row for a sequence has no order.
  const reverse = (k: Kernels, y: Slot, x: Slot, shape: BatchShape) =>
    steps === "one"
      ? k.copy(y.address, x.address, shape.B, x.columns, y.stride, x.stride)
      : reverseSequences(k, y, x, order, shape);
  const y = scope.activation("merged output", rows, mergedWidth);
  const dy = scope.train ? scope.activation("gradient of merged output", rows, mergedWidth) : undefined;
  const output: Value = { kind: "values", width: mergedWidth, parts, steps, value: y, gradient: dy };
  const a = first.value, da = first.gradient, b = second.value, db = second.gradient;

  if (mode === "concat" || mode === "none") {
    const left = y.slice(0, width), right = y.slice(width, width);
    const dLeft = dy?.slice(0, width), dRight = dy?.slice(width, width);
    return {
      output,
      needs,
      forward(k, shape) {
        k.copy(left.address, a.address, shape.T * shape.B, width, left.stride, a.stride);
        reverse(k, right, b, shape);
      },
      backward(k, shape) {
        k.copy(da!.address, dLeft!.address, shape.T * shape.B, width, da!.stride, dLeft!.stride);
        reverse(k, db!, dRight!, shape);
      },
    };
  }

  // b in the order of time. In backward of "multiply" the slot then holds dy a.
  const inOrder = scope.activation("turned output", rows, width);
  const half = scope.constant("half", new Array<number>(width).fill(0.5));
  return {
    output,
    needs,
    forward(k, shape) {
      const m = shape.T * shape.B;
      reverse(k, inOrder, b, shape);
      if (mode === "multiply") {
        k.multiply(y.address, a.address, inOrder.address, m, width, y.stride, a.stride, inOrder.stride);
      } else {
        k.add(y.address, a.address, inOrder.address, m, width, y.stride, a.stride, inOrder.stride);
      }
      if (mode === "average") k.multiply(y.address, y.address, half.address, m, width, y.stride, y.stride, 0);
    },
    backward(k, shape) {
      const m = shape.T * shape.B;
      if (mode === "multiply") {
        k.multiply(da!.address, dy!.address, inOrder.address, m, width, da!.stride, dy!.stride, inOrder.stride);
        k.multiply(inOrder.address, dy!.address, a.address, m, width, inOrder.stride, dy!.stride, a.stride);
        return reverse(k, db!, inOrder, shape);
      }
      if (mode === "average") k.multiply(dy!.address, dy!.address, half.address, m, width, dy!.stride, dy!.stride, 0);
      k.copy(da!.address, dy!.address, m, width, da!.stride, dy!.stride);
      reverse(k, db!, dy!, shape);
    },
  };
}
