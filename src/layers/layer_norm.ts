import { OptionError, requireInteger, requireNumber } from "../errors.ts";
import { constant, zeros } from "../ops/initialise.ts";
import { requireValues } from "../ops/value.ts";
import type { Layer } from "./layer.ts";

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance, so that a row of equal numbers can be divided by it. Default 1e-5. */
  epsilon?: number;
}

/**
 * Layer normalisation (Ba, Kiros & Hinton 2016) of values `[T, B, width]`, as PyTorch's `nn.LayerNorm`: each row is
 * brought to mean 0 and variance 1, then multiplied by `weight` `[width]`, at first ones, and added to `bias`
 * `[width]`, at first zeros:
 *
 *     xhat = (x - mean) / sqrt(variance + epsilon)          variance: the mean of (x - mean)²
 *     y    = xhat weight + bias
 *
 * Backward, with g = dy weight and means over a row:
 *
 *     dx      = (g - mean(g) - xhat mean(g xhat)) / sqrt(variance + epsilon)
 *     dweight = sum over rows of dy xhat,   dbias = sum of dy
 *
 * @throws {OptionError} When the width is not a positive integer or epsilon not a finite number above 0.
 *
 * @example
 * ```ts
 * import { gru, layerNorm, recurrent, sequential } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(gru(), { input: 5, hidden: 7 }), norm: layerNorm(7) });
 * assertEquals(net.parameters["norm.weight"].shape, [7]);
 * ```
 */
export function layerNorm(width: number, { epsilon = 1e-5 }: LayerNormOptions = {}): Layer {
  requireInteger("width", width, 1);
  if (requireNumber("epsilon", epsilon) <= 0) {
    throw new OptionError(`"epsilon" must be a finite number > 0, got ${epsilon}`);
  }
  return {
    description: { kind: "layerNorm", epsilon },
    input: { kind: "values", width },
    output: { kind: "values", width },
    parameters: {
      weight: { shape: [width], initial: constant(1) },
      bias: { shape: [width], initial: zeros() },
    },

    plan(scope, x) {
      requireValues("plan a layer norm", x);
      const rows = scope.steps * scope.batch, small = scope.constant("epsilon", [epsilon]);
      const { value: gain, gradient: dGain } = scope.parameter("weight");
      const { value: bias, gradient: dBias } = scope.parameter("bias");
      const y = scope.activation("output", rows, width),
        dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
      const stats = scope.activation("mean and deviation", 1, 2 * rows);
      // The kernel gives dx and the parameters' gradients at once, they are wanted one after the other.
      const unwanted = scope.scratch("unwanted gradients", 2, width);
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],
        refresh() {},

        forward(k, { T, B }) {
          const { address, stride } = x.value, from = [gain.address, bias.address, small.address] as const;
          k.layerNorm(y.address, stats.address, address, ...from, T * B, width, y.stride, stride);
        },

        backward(k, { T, B }) {
          const dx = x.gradient, { address, stride } = x.value;
          if (!dx) return;
          const into = [dx.address, unwanted.at(0), unwanted.at(1)] as const;
          const from = [dy.address, address, stats.address, gain.address] as const;
          k.layerNormBackward(...into, ...from, T * B, width, dx.stride, dy.stride, stride);
        },

        gradients(k, { T, B }) {
          const { address, stride } = x.value;
          const into = [dy.address, dGain.address, dBias.address] as const; // dx takes dy's place
          const from = [dy.address, address, stats.address, gain.address] as const;
          k.layerNormBackward(...into, ...from, T * B, width, dy.stride, dy.stride, stride);
        },
      };
    },
  };
}
