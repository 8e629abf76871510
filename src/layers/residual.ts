import { ShapeError } from "../errors.ts";
import { requireValues } from "../ops/value.ts";
import { joinDeclarations } from "./declarations.ts";
import { type Layer, layer as checkLayer } from "./layer.ts";

/**
 * A layer whose output is added to its input: y = x + f(x) `[T, B, width]` (He et al. 2016). Backward: dx = dy + the
 * gradient of f's input. Parameters and states are those of f, by the same names.
 *
 * @throws {ShapeError} When input and output of f are not values of one width, with a row for each step.
 *
 * @example
 * ```ts
 * import { lstm, recurrent } from "@unroll/rnn";
 * import { residual } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = residual(recurrent(lstm(), { input: 64, hidden: 64 }));
 * assertEquals(layer.output.width, 64);
 * ```
 */
export function residual(layer: Layer): Layer {
  const { input, output } = checkLayer("layer", layer), { width } = input;
  if (
    input.kind !== "values" || output.kind !== "values" || output.width !== width || output.parts ||
    (output.steps ?? "each") !== "each" || input.named || output.named
  ) {
    throw new ShapeError(
      `Cannot add a layer to its input: it must take and give values of one width, a row for each step of the input, ` +
        `got ${input.kind} of width ${width} and ${output.kind} of width ${output.width}`,
    );
  }
  return {
    ...joinDeclarations([["", layer]]),
    name: `residual ${layer.name ?? ""}`,
    description: { kind: "residual", layer: layer.description },
    input,
    output,

    plan(scope, x) {
      requireValues("plan a residual layer", x);
      const rows = scope.steps * scope.batch;
      const f = layer.plan(scope, x), fx = f.output;
      const y = scope.activation("output", rows, width);
      const dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: f.states,
        needs: f.needs,
        refresh: (k) => f.refresh(k),

        forward(k, shape) {
          f.forward(k, shape);
          const { value } = x, m = shape.T * shape.B;
          k.add(y.address, value.address, fx.value.address, m, width, y.stride, value.stride, fx.value.stride);
        },

        backward(k, shape) {
          const dx = x.gradient, dfx = fx.gradient!, m = shape.T * shape.B;
          k.copy(dfx.address, dy.address, m, width, dfx.stride, dy.stride);
          f.backward(k, shape);
          if (dx) k.add(dx.address, dx.address, dy.address, m, width, dx.stride, dx.stride, dy.stride);
        },

        gradients: (k, shape) => f.gradients(k, shape),
      };
    },
  };
}
