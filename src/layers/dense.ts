import { requireInteger } from "../errors.ts";
import { uniform } from "../ops/initialise.ts";
import { projection } from "../ops/projection.ts";
import type { Layer } from "./layer.ts";

/**
 * A fully connected layer, the same at every step, as PyTorch's `nn.Linear`: y = x Wᵀ + b. Takes values or one-hot
 * rows `[T, B, input]`, gives `[T, B, output]`. Parameters `weight` `[output, input]` and `bias` `[output]`,
 * initially uniform in ±1 / sqrt(input).
 *
 * @throws {OptionError} When a width is not a positive integer.
 *
 * @example
 * ```ts
 * import { dense } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(dense(128, 65).parameters.weight.shape, [65, 128]);
 * ```
 */
export function dense(input: number, output: number): Layer {
  requireInteger("input", input, 1);
  requireInteger("output", output, 1);
  const initial = uniform(1 / Math.sqrt(input));
  return {
    description: { kind: "dense" },
    input: { kind: "values", width: input },
    output: { kind: "values", width: output },
    parameters: { weight: { shape: [output, input], initial }, bias: { shape: [output], initial } },

    plan(scope, x) {
      const bias = scope.parameter("bias");
      const matmul = projection(scope, x, scope.parameter("weight"), bias.value);
      const y = scope.activation("output", scope.steps * scope.batch, output);
      const dy = scope.train ? scope.activation("gradient of output", scope.steps * scope.batch, output) : y;
      return {
        output: { kind: "values", width: output, value: y, gradient: dy },
        states: [],
        refresh: (k) => matmul.refresh(k),
        forward: (k, { T, B }) => matmul.forward(k, y, 0, T * B),
        backward: (k, { T, B }) => matmul.backward(k, dy, 0, T * B),
        gradients: (k, { T, B }) => matmul.gradient(k, dy, T * B, bias.gradient),
      };
    },
  };
}
