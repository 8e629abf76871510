import { requireInteger } from "../errors.ts";
import { count, readOptions, type Table } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { requireValues, shapeOf } from "../ops/value.ts";
import type { Layer } from "./layer.ts";
import { type Geometry, resizeOf, type Windows, windows } from "./windows.ts";

/** Options of `maxPool1d` and `averagePool1d`. */
export interface Pool1dOptions {
  /**
   * Steps from one output to the next.
   *
   * @default {`kernel`}
   */
  strides?: number;
}

const POOL1D = { strides: [count] } satisfies Table<Pool1dOptions>;

/** The operation of one tap of the kernel on m rows, all outputs at once. */
interface Pooling {
  forward(k: Kernels, tap: number, x: number, m: number): void;
  /** Runs after the last tap of forward, and before the first of backward with the gradient. */
  divide?(k: Kernels, slot: Slot, m: number): void;
  /** Add to the gradient of m rows. */
  backward(k: Kernels, tap: number, dx: number, m: number): void;
}

/**
 * The maximum of each `kernel` steps, element by element, PyTorch's `nn.MaxPool1d` without padding: values `[T, B,
 * width]` give `[T', B, width]`, T' = floor((T - kernel) / strides) + 1, and lengths likewise. Of equal numbers the
 * first counts.
 *
 * @throws {OptionError} When a size is not a positive integer.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { averagePool1d, maxPool1d } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const most = await compile(maxPool1d(1, 2), { batch: 1, steps: 5 });
 * const mean = await compile(averagePool1d(1, 2, { strides: 1 }), { batch: 1, steps: 3 });
 * assertEquals([...most.forward([1, 5, 2, 3, 9])], [5, 3]);
 * assertEquals([...mean.forward([1, 5, 2])], [3, 3.5]);
 * most.dispose();
 * mean.dispose();
 * ```
 */
export function maxPool1d(width: number, kernel: number, options: Pool1dOptions = {}): Layer {
  return pool1d("maxPool1d", width, kernel, options, (scope, { value: { stride: ldx } }, y, dy) => {
    const taps = scope.integers("tap of the largest", y.rows * width);
    const own = scope.scratch("gradient of a tap", y.rows, width);
    return {
      forward: (k, tap, x, m) => k.maximum(y.address, taps.address, x, tap, m, width, y.stride, width, ldx),
      backward(k, tap, dx, m) {
        k.maximumBackward(own.address, dy.address, taps.address, tap, m, width, own.stride, dy.stride, width);
        k.add(dx, dx, own.address, m, width, ldx, ldx, own.stride);
      },
    };
  });
}

/**
 * The mean of each `kernel` steps, PyTorch's `nn.AvgPool1d` without padding. See `maxPool1d`.
 *
 * @throws {OptionError} When a size is not a positive integer.
 */
export function averagePool1d(width: number, kernel: number, options: Pool1dOptions = {}): Layer {
  return pool1d("averagePool1d", width, kernel, options, (scope, { value: { stride: ldx } }, y, dy) => {
    const share = scope.constant("share of a step", new Array<number>(width).fill(1 / kernel));
    return {
      forward(k, tap, x, m) {
        if (!tap) k.copy(y.address, x, m, width, y.stride, ldx);
        else k.add(y.address, y.address, x, m, width, y.stride, y.stride, ldx);
      },
      divide: (k, { address, stride }, m) => k.multiply(address, address, share.address, m, width, stride, stride, 0),
      backward: (k, _tap, dx, m) => k.add(dx, dx, dy.address, m, width, ldx, ldx, dy.stride),
    };
  });
}

function pool1d(
  name: string,
  width: number,
  kernel: number,
  options: Pool1dOptions,
  plan: (scope: Scope, window: Windows, y: Slot, dy: Slot) => Pooling,
): Layer {
  requireInteger("width", width, 1);
  requireInteger("kernel", kernel, 1);
  const { strides = kernel } = readOptions(name, POOL1D, options);
  const geometry: Geometry = { kernel, strides, dilation: 1, left: 0, right: 0 };
  const steps = resizeOf("a pooling layer", geometry);
  return {
    name: `${name} ${kernel}, ${strides}`,
    input: { kind: "values", width },
    output: { kind: "values", width, steps },
    parameters: {},
    wholeSequence: kernel * strides === 1 ? undefined : "a pooling layer",

    plan(scope, x) {
      requireValues("plan a pooling layer", x);
      const window = windows(scope, x, geometry, "a pooling layer"), rows = window.steps * scope.batch;
      const y = scope.activation("output", rows, width);
      const dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
      const pooling = plan(scope, window, y, dy);
      return {
        output: { kind: "values", width, steps, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward(k, shape) {
          const { T, B } = shapeOf({ steps }, shape);
          window.forward(k, shape);
          for (let i = 0; i < kernel; i++) pooling.forward(k, i, window.value.at(window.row(i, B)), T * B);
          pooling.divide?.(k, y, T * B);
        },
        backward(k, shape) {
          const { T, B } = shapeOf({ steps }, shape);
          if (!x.gradient) return;
          pooling.divide?.(k, dy, T * B);
          window.beginBackward(k, shape);
          for (let i = 0; i < kernel; i++) pooling.backward(k, i, window.gradient!.at(window.row(i, B)), T * B);
          window.endBackward(k, shape);
        },
        gradients() {},
      };
    },
  };
}
