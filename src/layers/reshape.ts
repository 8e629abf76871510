import { OptionError, requireInteger, ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import { type BatchShape, requireSteps, requireValues, shapeOf } from "../ops/value.ts";
import type { Layer } from "./layer.ts";
import { resize, stepsOf } from "./resize.ts";

/**
 * Rows of another width. From narrow to wide, n = `output` / `input` steps that follow each other become one, side by
 * side; steps behind a sequence's end count as zeros, and T' = ceil(T / n). From wide to narrow, each row becomes n =
 * `input` / `output` steps, and T' = n T. Lengths likewise. One row for a sequence becomes a sequence of n steps.
 *
 * @throws {OptionError} When a width is not a positive integer, or none divides the other.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { reshape } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const wide = await compile(reshape(1, 2), { batch: 2, steps: 3, batchFirst: true });
 * assertEquals([...wide.forward([1, 2, 3, 4, 5, 6])], [1, 2, 3, 0, 4, 5, 6, 0]);
 * wide.dispose();
 * ```
 */
export function reshape(input: number, output: number): Layer {
  requireInteger("input", input, 1);
  requireInteger("output", output, 1);
  const isWider = output > input, n = isWider ? output / input : input / output;
  if (!Number.isInteger(n)) {
    throw new OptionError(`"output" must be a multiple or a divisor of ${input}, got ${output}`);
  }
  const steps = n === 1 ? undefined : resize("a reshaping", (L) => isWider ? Math.ceil(L / n) : n * L);
  const width = Math.min(input, output);
  return {
    name: `reshape ${output}`,
    input: { kind: "values", width: input },
    output: { kind: "values", width: output, steps },
    parameters: {},
    wholeSequence: steps && "a reshaping",

    plan(scope, x) {
      requireValues("plan a reshaping", x);
      const T = stepsOf(scope, steps);
      const y = scope.activation("output", T * scope.batch, output);
      const dy = scope.train ? scope.activation("gradient of output", T * scope.batch, output) : y;
      /** Visit each narrow step, its rows and its place in the wide steps; `inside` of them are before the end. */
      function each(
        shape: BatchShape,
        visit: (narrow: number, wide: number, column: number, rows: number, inside: number) => void,
      ): void {
        const { B } = shape, whole = shapeOf({ steps }, shape), count = (isWider ? whole : shape).T * n;
        for (let t = 0; t < count; t++) {
          const w = Math.floor(t / n), inside = isWider ? t < shape.T ? shape.active(t) : 0 : shape.active(w);
          visit(t * B, w * B, (t % n) * width, B, inside);
        }
      }
      const at = (slot: Slot, row: number, column: number) => slot.at(row) + 4 * column;
      return {
        output: { kind: "values", width: output, steps, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward(k, shape) {
          each(shape, (narrow, wide, column, B, inside) => {
            const [to, from] = isWider
              ? [at(y, wide, column), inside && x.value.at(narrow)]
              : [y.at(narrow), at(x.value, wide, column)];
            if (inside) k.copy(to, from, inside, width, y.stride, x.value.stride);
            if (inside < B) k.zero(to + 4 * inside * y.stride, B - inside, width, y.stride);
          });
        },
        backward(k, shape) {
          const dx = x.gradient;
          if (!dx) return;
          each(shape, (narrow, wide, column, B, inside) => {
            if (isWider && narrow >= shape.T * B) return; // behind the end
            const [to, from] = isWider ? [dx.at(narrow), at(dy, wide, column)] : [at(dx, wide, column), dy.at(narrow)];
            if (inside) k.copy(to, from, inside, width, dx.stride, dy.stride);
            if (inside < B) k.zero(to + 4 * inside * dx.stride, B - inside, width, dx.stride);
          });
        },
        gradients() {},
      };
    },
  };
}

/**
 * All steps of a sequence side by side: values `[T, B, width]` give `[B, steps width]`, one row for a sequence. Steps
 * behind a sequence's end count as zeros.
 *
 * @param steps The largest number of steps, at least that of the net.
 * @throws {OptionError} When a size is not a positive integer.
 *
 * @example
 * ```ts
 * import { dense, sequential } from "@unroll/rnn";
 * import { flatten } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ flat: flatten(3, 8), output: dense(24, 2) });
 * assertEquals(net.output, { kind: "values", width: 2, steps: "one" });
 * ```
 */
export function flatten(width: number, steps: number): Layer {
  requireInteger("width", width, 1);
  requireInteger("steps", steps, 1);
  const output = { kind: "values", width: width * steps, steps: "one" } as const;
  return {
    name: "flatten",
    input: { kind: "values", width },
    output,
    parameters: {},
    wholeSequence: "a layer that flattens",

    plan(scope, x) {
      requireValues("plan a layer that flattens", x);
      requireSteps("plan a layer that flattens", x);
      if (scope.steps > steps) {
        throw new ShapeError(`Cannot flatten ${scope.steps} steps: "steps" of the layer must be as many, got ${steps}`);
      }
      const y = scope.activation("output", scope.batch, output.width);
      const dy = scope.train ? scope.activation("gradient of output", scope.batch, output.width) : y;
      const zero = (k: Kernels, slot: Slot, row: number, m: number, column: number) =>
        m && k.zero(slot.at(row) + 4 * column, m, width, slot.stride);
      return {
        output: { ...output, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward(k, { T, B, active }) {
          for (let t = 0; t < steps; t++) {
            const n = t < T ? active(t) : 0, column = t * width;
            if (n) k.copy(y.address + 4 * column, x.value.step(t, B), n, width, y.stride, x.value.stride);
            zero(k, y, n, B - n, column);
          }
        },
        backward(k, { T, B, active }) {
          const dx = x.gradient;
          for (let t = 0; dx && t < T; t++) {
            const n = active(t);
            if (n) k.copy(dx.step(t, B), dy.address + 4 * t * width, n, width, dx.stride, dy.stride);
            zero(k, dx, t * B + n, B - n, 0);
          }
        },
        gradients() {},
      };
    },
  };
}
