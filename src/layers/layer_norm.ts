import { requireInteger } from "../errors.ts";
import { positiveFinite, readOptions, type Table } from "../options.ts";
import { constant, zeros } from "../ops/initialise.ts";
import { requireValues } from "../ops/value.ts";
import type { Layer } from "./layer.ts";

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /**
   * Number added to the variance, so that a row of equal numbers is not divided by 0.
   *
   * @default {1e-5}
   */
  epsilon?: number;
}

const LAYER_NORM = { epsilon: [positiveFinite, 1e-5] } satisfies Table<LayerNormOptions>;

/**
 * Layer normalisation (Ba, Kiros & Hinton 2016) of values `[T, B, width]`, as PyTorch's `nn.LayerNorm`. Each row is
 * scaled to mean 0 and variance 1, multiplied by `weight` `[width]`, initially ones, and added to `bias` `[width]`,
 * initially zeros:
 *
 *     xhat = (x - mean) / sqrt(variance + epsilon)          variance: the mean of (x - mean)²
 *     y    = xhat weight + bias
 *
 * Backward, with g = dy weight and means over a row:
 *
 *     dx      = (g - mean(g) - xhat mean(g xhat)) / sqrt(variance + epsilon)
 *     dweight = sum over rows of dy xhat,   dbias = sum of dy
 *
 * @throws {OptionError} When the width is not a positive integer, or epsilon is not a finite number above 0.
 *
 * @example
 * ```ts
 * import { gru, recurrent, sequential } from "@unroll/rnn";
 * import { layerNorm } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(gru(), { input: 5, hidden: 7 }), norm: layerNorm(7) });
 * assertEquals(net.parameters["norm.weight"].shape, [7]);
 * ```
 */
export function layerNorm(width: number, options: LayerNormOptions = {}): Layer {
  requireInteger("width", width, 1);
  const { epsilon } = readOptions("layerNorm", LAYER_NORM, options);
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
      const rows = scope.steps * scope.batch;
      const small = scope.constant("epsilon", [epsilon]);
      const { value: gain, gradient: dGain } = scope.parameter("weight");
      const { value: bias, gradient: dBias } = scope.parameter("bias");
      const y = scope.activation("output", rows, width);
      const dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
      const stats = scope.activation("mean and deviation", 1, 2 * rows);
      // The kernel writes dx and the parameters' gradients at once, the layer computes them one after the other.
      const discarded = scope.scratch("unwanted gradients", 2, width);
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],
        refresh() {},

        forward(k, { T, B }) {
          const { address, stride } = x.value, { address: eps } = small, rows = T * B;
          k.layerNorm(
            y.address,
            stats.address,
            address,
            gain.address,
            bias.address,
            eps,
            rows,
            width,
            y.stride,
            stride,
          );
        },

        backward(k, { T, B }) {
          const dx = x.gradient, { address, stride } = x.value;
          if (!dx) return;
          const into = [dx.address, discarded.at(0), discarded.at(1)] as const;
          const from = [dy.address, address, stats.address, gain.address] as const;
          k.layerNormBackward(...into, ...from, T * B, width, dx.stride, dy.stride, stride);
        },

        gradients(k, { T, B }) {
          const { address, stride } = x.value;
          const into = [dy.address, dGain.address, dBias.address] as const; // dx overwrites dy
          const from = [dy.address, address, stats.address, gain.address] as const;
          k.layerNormBackward(...into, ...from, T * B, width, dy.stride, dy.stride, stride);
        },
      };
    },
  };
}
