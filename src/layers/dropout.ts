import { requireInteger, requireRate, ShapeError } from "../errors.ts";
import { flag, readOptions, type Table } from "../options.ts";
import { dropoutMask } from "../ops/dropout.ts";
import type { Layer } from "./layer.ts";

/** Options of `dropout`. */
export interface DropoutOptions {
  /**
   * Whether all steps of a sequence share one mask (variational dropout, Gal & Ghahramani 2016).
   *
   * @default {false}
   */
  variational?: boolean;
}

const DROPOUT = { variational: [flag, false] } satisfies Table<DropoutOptions>;

/**
 * Dropout of values `[T, B, width]`. In training an element becomes 0 with probability `rate`, and other elements are
 * multiplied by 1 / (1 - rate). Outside of training nothing changes. The masks depend only on the session's seed and on
 * the number of the training pass.
 *
 * @throws {OptionError} When the width is not a positive integer, or the rate is not in [0, 1).
 *
 * @example
 * ```ts
 * import { dropout } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(dropout(128, 0.5).output.width, 128);
 * ```
 */
export function dropout(width: number, rate: number, options: DropoutOptions = {}): Layer {
  const { variational } = readOptions("dropout", DROPOUT, options);
  requireInteger("width", width, 1);
  requireRate("rate", rate);
  return {
    description: { kind: "dropout", rate, variational },
    input: { kind: "values", width },
    output: { kind: "values", width },
    parameters: {},

    plan(scope, x) {
      if (x.kind === "one-hot") {
        throw new ShapeError(
          `Cannot drop elements of one-hot rows: they are not in memory; use an embedding of width ${width}`,
        );
      }
      const rows = scope.steps * scope.batch;
      const y = scope.activation("output", rows, width);
      const dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
      const { slot: mask, draw, needs } = dropoutMask(scope, "dropout", rate, variational ? scope.batch : rows, width);
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],
        needs,
        refresh() {},
        forward(k, shape) {
          const { T, B, training } = shape;
          if (!training) return k.copy(y.address, x.value.address, T * B, width, y.stride, x.value.stride);
          draw(k, shape, variational ? 1 : T);
          const [calls, m] = variational ? [T, B] : [1, T * B];
          for (let t = 0; t < calls; t++) {
            k.multiply(y.at(t * m), x.value.at(t * m), mask.address, m, width, y.stride, x.value.stride, mask.stride);
          }
        },
        backward(k, { T, B, training }) {
          const dx = x.gradient;
          if (!dx) return;
          if (!training) return k.copy(dx.address, dy.address, T * B, width, dx.stride, dy.stride);
          const [calls, m] = variational ? [T, B] : [1, T * B];
          for (let t = 0; t < calls; t++) {
            k.multiply(dx.at(t * m), dy.at(t * m), mask.address, m, width, dx.stride, dy.stride, mask.stride);
          }
        },
        gradients() {},
      };
    },
  };
}
