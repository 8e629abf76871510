import { requireInteger } from "../errors.ts";
import { positiveFinite, readOptions, type Table } from "../options.ts";
import { constant, zeros } from "../ops/initialise.ts";
import { requireValues } from "../ops/value.ts";
import type { Layer } from "./layer.ts";

/** Options of `batchNorm`. */
export interface BatchNormOptions {
  /**
   * Number added to the variance.
   *
   * @default {1e-5}
   */
  epsilon?: number;
}

const BATCH_NORM = { epsilon: [positiveFinite, 1e-5] } satisfies Table<BatchNormOptions>;

/**
 * Batch normalisation (Ioffe & Szegedy 2015) of values `[T, B, width]` with stored statistics: PyTorch's
 * `nn.BatchNorm1d` after `eval()`, in training too.
 *
 *     y = (x - running_mean) / sqrt(running_var + epsilon) weight + bias
 *
 * Parameters `weight`, initially ones, and `bias`, initially zeros; and `running_mean` and `running_var`, initially
 * zeros and ones, which no training changes. Set both by `setParameters`, to the statistics of a file or of the data.
 *
 * The statistics of a batch would tie its rows together, so that a row had other numbers alone than in company, and
 * other ones with other threads or processes. For statistics of each row see `layerNorm`.
 *
 * @throws {OptionError} When the width is not a positive integer, or epsilon is not a finite number above 0.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { batchNorm } from "@unroll/rnn/layers";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const session = await compile(batchNorm(1), { batch: 1, steps: 1 });
 * const statistics = { "running_mean": 2, "running_var": 4 };
 * session.setParameters(
 *   new Map(Object.entries(statistics).map(([name, value]) => [name, { shape: [1], data: [value] }])),
 *   { strict: false },
 * );
 * assertAlmostEquals(session.forward([5])[0], (5 - 2) / 2, 1e-5);
 * session.dispose();
 * ```
 */
export function batchNorm(width: number, options: BatchNormOptions = {}): Layer {
  requireInteger("width", width, 1);
  const { epsilon } = readOptions("batchNorm", BATCH_NORM, options);
  return {
    name: `batch norm ${epsilon}`,
    input: { kind: "values", width },
    output: { kind: "values", width },
    parameters: {
      weight: { shape: [width], initial: constant(1) },
      bias: { shape: [width], initial: zeros() },
      running_mean: { shape: [width], initial: zeros(), fixed: true },
      running_var: { shape: [width], initial: constant(1), fixed: true },
    },

    plan(scope, x) {
      requireValues("plan a batch norm", x);
      const rows = scope.steps * scope.batch;
      const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((name) =>
        scope.parameter(name)
      );
      const small = scope.constant("epsilon", new Array<number>(width).fill(epsilon));
      const half = scope.constant("exponent", new Array<number>(width).fill(-0.5));
      const inverse = scope.derived("1 / deviation", 1, width), scale = scope.derived("scale", 1, width);
      const y = scope.activation("output", rows, width);
      const dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
      const xhat = scope.scratch("normalised input", rows, width);
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],

        refresh(k) {
          const to = inverse.address; // exp(-log(variance + epsilon) / 2)
          k.add(to, variance.value.address, small.address, 1, width, width, width, width);
          k.log(to, to, 1, width, width, width);
          k.multiply(to, to, half.address, 1, width, width, width, width);
          k.exp(to, to, 1, width, width, width);
          k.multiply(scale.address, to, weight.value.address, 1, width, width, width, width);
        },

        forward(k, { T, B }) {
          const m = T * B, { address: to, stride } = y;
          k.subtract(to, x.value.address, mean.value.address, m, width, stride, x.value.stride, 0);
          k.multiply(to, to, scale.address, m, width, stride, stride, 0);
          k.add(to, to, bias.value.address, m, width, stride, stride, 0);
        },

        backward(k, { T, B }) {
          const dx = x.gradient;
          if (dx) k.multiply(dx.address, dy.address, scale.address, T * B, width, dx.stride, dy.stride, 0);
        },

        gradients(k, { T, B }) {
          const m = T * B, { address: to, stride } = xhat;
          k.subtract(to, x.value.address, mean.value.address, m, width, stride, x.value.stride, 0);
          k.multiply(to, to, inverse.address, m, width, stride, stride, 0);
          k.multiply(to, to, dy.address, m, width, stride, stride, dy.stride);
          k.columnSums(weight.gradient.address, to, m, width, stride);
          k.columnSums(bias.gradient.address, dy.address, m, width, dy.stride);
        },
      };
    },
  };
}
