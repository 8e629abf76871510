import { requireInteger, requireOneOf } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { type BatchShape, forEachLength, requireSteps, requireValues } from "../ops/value.ts";
import type { Layer } from "./layer.ts";

/** One way of pooling. */
interface Pooling {
  /** Include step t, with n active rows at address x. */
  forward(k: Kernels, t: number, x: number, n: number): void;
  /** Runs after the last step of forward. */
  end?(k: Kernels, shape: BatchShape): void;
  /** Runs before the first step of backward. */
  beginBackward?(k: Kernels, shape: BatchShape): void;
  /** Write the gradient of step t, with n active rows at address dx. */
  backward(k: Kernels, t: number, dx: number, n: number): void;
}

/**
 * One row for a whole sequence: the elementwise mean or maximum of its steps. Takes values `[T, B, width]`, gives
 * `[B, width]`. Steps after a row's length do not count.
 *
 *     mean:  y = (x(0) + x(1) + ... + x(L - 1)) (1 / L)        dx(t) = dy (1 / L)
 *     max:   y = max(x(0), ..., x(L - 1))                      dx(t) = dy where t is the first step of the maximum
 *
 * A NaN is larger than every number. For the last step see `recurrent` with `output: "last"`, for a weighted mean see
 * `attentionPool`.
 *
 * @throws {OptionError} When the width is not a positive integer, or `how` is unknown.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { pool } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const x = [1, 2, 3, 4, 8, 0]; // [B = 2, T = 3, width = 1]
 * const mean = await compile(pool(1, "mean"), { batch: 2, steps: 3, batchFirst: true });
 * const max = await compile(pool(1, "max"), { batch: 2, steps: 3, batchFirst: true });
 * assertEquals([...mean.forward(x, { lengths: [3, 2] })], [2, 6]);
 * assertEquals([...max.forward(x, { lengths: [3, 2] })], [3, 8]);
 * mean.dispose();
 * max.dispose();
 * ```
 */
export function pool(width: number, how: "mean" | "max"): Layer {
  requireInteger("width", width, 1);
  requireOneOf("how", how, ["mean", "max"]);
  return {
    name: `${how} pooling`,
    description: { kind: "pool", how },
    input: { kind: "values", width },
    output: { kind: "values", width, steps: "one" },
    parameters: {},
    wholeSequence: "a pooling layer",

    plan(scope, x) {
      requireValues("plan a pooling layer", x);
      requireSteps("plan a pooling layer", x);
      const y = scope.activation("output", scope.batch, width);
      const dy = scope.train ? scope.activation("gradient of output", scope.batch, width) : y;
      const pooling = how === "mean" ? mean(scope, x.value, y, dy) : maximum(scope, x.value, y, dy);
      return {
        output: { kind: "values", width, steps: "one", value: y, gradient: dy },
        states: [],
        refresh() {},

        forward(k, shape) {
          const { T, B, active } = shape;
          for (let t = 0; t < T && active(t); t++) pooling.forward(k, t, x.value.step(t, B), active(t));
          pooling.end?.(k, shape);
        },

        backward(k, shape) {
          const { T, B, active } = shape, dx = x.gradient;
          if (!dx) return;
          pooling.beginBackward?.(k, shape);
          for (let t = 0; t < T; t++) {
            const n = active(t), padding = dx.at(dx.row(t, B) + n);
            if (n) pooling.backward(k, t, dx.step(t, B), n);
            if (n < B) k.zero(padding, B - n, width, dx.stride);
          }
        },

        gradients() {},
      };
    },
  };
}

function mean(scope: Scope, { stride: ldx }: Slot, y: Slot, dy: Slot): Pooling {
  const factors = scope.constant("shares of a step", Array.from({ length: scope.steps }, (_, i) => 1 / (i + 1)));
  const width = y.columns;
  /** Divide every row by its length. */
  function divide(k: Kernels, slot: Slot, shape: BatchShape): void {
    forEachLength(shape, (length, row, rows) => {
      const at = slot.at(row), { stride } = slot;
      k.scaleRows(at, factors.address + 4 * (length - 1), at, rows, width, stride, 0, stride, 0);
    });
  }
  return {
    forward(k, t, x, n) {
      if (t === 0) k.copy(y.address, x, n, width, y.stride, ldx);
      else k.add(y.address, y.address, x, n, width, y.stride, y.stride, ldx);
    },
    end: (k, shape) => divide(k, y, shape),
    beginBackward: (k, shape) => divide(k, dy, shape),
    backward: (k, _t, dx, n) => k.copy(dx, dy.address, n, width, ldx, dy.stride),
  };
}

function maximum(scope: Scope, { stride: ldx }: Slot, y: Slot, dy: Slot): Pooling {
  const width = y.columns, step = scope.integers("step of the largest", scope.batch * width);
  return {
    forward: (k, t, x, n) => k.maximum(y.address, step.address, x, t, n, width, y.stride, width, ldx),
    backward: (k, t, dx, n) => k.maximumBackward(dx, dy.address, step.address, t, n, width, ldx, dy.stride, width),
  };
}
