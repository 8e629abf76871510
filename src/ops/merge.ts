import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Needs } from "./needs.ts";
import type { BatchShape, TensorSpec, Value } from "./value.ts";
import { reverseSequences } from "./reverse.ts";

/** How the outputs of the two directions become one; `"none"`: they stay two. */
export type Merge = "concat" | "sum" | "average" | "multiply" | "none";

/** The merged output of a forward and a reversed sequence, and the way back of its gradient. */
export interface Merged {
  readonly output: Value;
  /** The order of the rows, which the session writes. */
  readonly needs: Partial<Needs>;
  forward(k: Kernels, shape: BatchShape): void;
  backward(k: Kernels, shape: BatchShape): void;
}

/** What becomes of two outputs of one kind. */
export function mergedSpec(how: Merge, { width, steps }: TensorSpec): TensorSpec {
  if (how === "none") return { kind: "values", width: 2 * width, parts: 2, steps };
  return { kind: "values", width: how === "concat" ? 2 * width : width, steps };
}

/** Merge `ahead`, in the order of time, with `back`, which is in reversed order. Both have the same width. */
export function merge(scope: Scope, how: Merge, ahead: Value, back: Value): Merged {
  const { width, steps } = ahead,
    rows = steps === "one" ? scope.batch : scope.steps * scope.batch,
    order = scope.reverseOrder(),
    needs = { reverseOrder: order };
  const { width: out, parts } = mergedSpec(how, ahead);
  // There is no order in one row for a sequence.
  const turned = (k: Kernels, y: Slot, x: Slot, shape: BatchShape) =>
    steps === "one"
      ? k.copy(y.address, x.address, shape.B, x.columns, y.stride, x.stride)
      : reverseSequences(k, y, x, order, shape);
  const y = scope.activation("merged output", rows, out);
  const dy = scope.train ? scope.activation("gradient of merged output", rows, out) : undefined;
  const port: Value = { kind: "values", width: out, parts, steps, value: y, gradient: dy };
  const a = ahead.value, da = ahead.gradient, b = back.value, db = back.gradient;

  if (how === "concat" || how === "none") {
    const left = y.slice(0, width), right = y.slice(width, width);
    const dLeft = dy?.slice(0, width), dRight = dy?.slice(width, width);
    return {
      output: port,
      needs,
      forward(k, shape) {
        k.copy(left.address, a.address, shape.T * shape.B, width, left.stride, a.stride);
        turned(k, right, b, shape);
      },
      backward(k, shape) {
        k.copy(da!.address, dLeft!.address, shape.T * shape.B, width, da!.stride, dLeft!.stride);
        turned(k, db!, dRight!, shape);
      },
    };
  }

  // The reversed output in the order of time, and a product with it or with a half on the way to its gradient.
  const inOrder = scope.activation("turned output", rows, width);
  const half = scope.constant("half", new Array<number>(width).fill(0.5));
  return {
    output: port,
    needs,
    forward(k, shape) {
      const m = shape.T * shape.B;
      turned(k, inOrder, b, shape);
      if (how === "multiply") {
        k.multiply(y.address, a.address, inOrder.address, m, width, y.stride, a.stride, inOrder.stride);
      } else {
        k.add(y.address, a.address, inOrder.address, m, width, y.stride, a.stride, inOrder.stride);
      }
      if (how === "average") k.multiply(y.address, y.address, half.address, m, width, y.stride, y.stride, 0);
    },
    backward(k, shape) {
      const m = shape.T * shape.B;
      if (how === "multiply") {
        k.multiply(da!.address, dy!.address, inOrder.address, m, width, da!.stride, dy!.stride, inOrder.stride);
        k.multiply(inOrder.address, dy!.address, a.address, m, width, inOrder.stride, dy!.stride, a.stride);
        return turned(k, db!, inOrder, shape);
      }
      if (how === "average") k.multiply(dy!.address, dy!.address, half.address, m, width, dy!.stride, dy!.stride, 0);
      k.copy(da!.address, dy!.address, m, width, da!.stride, dy!.stride);
      turned(k, db!, dy!, shape);
    },
  };
}
