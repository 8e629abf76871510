import { requireInteger } from "../errors.ts";
import { type ActivationName, type ActivationOptions, completeActivation, nonlinearity } from "../ops/activation.ts";
import { requireValues } from "../ops/value.ts";
import type { Layer } from "./layer.ts";

/**
 * An elementwise nonlinearity of values `[T, B, width]`. The names, and the defaults of `alpha` and `beta`, are ONNX's:
 *
 * | name              | f(x)                              | defaults                |
 * | ----------------- | --------------------------------- | ----------------------- |
 * | `identity`        | x                                 |                         |
 * | `relu`            | max(x, 0)                         |                         |
 * | `tanh`            | tanh(x)                           |                         |
 * | `sigmoid`         | 1 / (1 + exp(-x))                 |                         |
 * | `affine`          | alpha x + beta                    | alpha 1, beta 0         |
 * | `leakyRelu`       | x, alpha x where x < 0            | alpha 0.01              |
 * | `thresholdedRelu` | x, 0 where x < alpha              | alpha 1                 |
 * | `scaledTanh`      | alpha tanh(beta x)                | alpha 1, beta 1         |
 * | `hardSigmoid`     | alpha x + beta clamped to [0, 1]  | alpha 0.2, beta 0.5     |
 * | `elu`             | x, alpha (exp(x) - 1) where x < 0 | alpha 1                 |
 * | `softsign`        | x / (1 + abs(x))                  |                         |
 * | `softplus`        | log(1 + exp(x))                   |                         |
 *
 * @throws {OptionError} When the name is unknown, `alpha` or `beta` is not finite or not a number of this nonlinearity,
 * or the width is not a positive integer.
 *
 * @example
 * ```ts
 * import { compile, dense, sequential } from "@unroll/rnn";
 * import { activation } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const f = activation("leakyRelu", 16, { alpha: 0.1 });
 * const net = sequential({ hidden: dense(8, 16), f, output: dense(16, 2) });
 * const session = await compile(net, { batch: 1, steps: 1 });
 * assertEquals(session.forward(new Float32Array(8)).length, 2);
 * session.dispose();
 * ```
 */
export function activation(name: ActivationName, width: number, options: ActivationOptions = {}): Layer {
  requireInteger("width", width, 1);
  const complete = completeActivation("activation", { name, ...options });
  return {
    name,
    description: { kind: "activation", f: complete },
    input: { kind: "values", width },
    output: { kind: "values", width },
    parameters: {},

    plan(scope, x) {
      requireValues("plan an activation layer", x);
      const rows = scope.steps * scope.batch;
      const f = nonlinearity(scope, complete);
      const y = scope.activation("output", rows, width);
      const dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward: (k, { T, B }) => f.forward(k, y.address, x.value.address, T * B, width, y.stride, x.value.stride),
        backward(k, { T, B }) {
          const dx = x.gradient, { address, stride } = x.value, m = T * B;
          if (!dx) return;
          f.backward(k, dx.address, dy.address, address, y.address, m, width, dx.stride, dy.stride, stride, y.stride);
        },
        gradients() {},
      };
    },
  };
}
