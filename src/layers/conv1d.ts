import { OptionError, requireInteger } from "../errors.ts";
import { count, flag, readOptions, type Table } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { uniform } from "../ops/initialise.ts";
import { linear } from "../ops/linear.ts";
import { requireValues, shapeOf } from "../ops/value.ts";
import type { Layer } from "./layer.ts";
import { type Geometry, resizeOf, windows } from "./windows.ts";

/** Options of `conv1d`. */
export interface Conv1dOptions {
  /**
   * The steps that count beyond the ends of a sequence, as zeros. `"valid"`: none. `"same"`: as many on both sides, so
   * that there is an output for each step; needs strides of 1. `"causal"`: those before the first step, so that an
   * output reads no later step.
   *
   * @default {"valid"}
   */
  padding?: "valid" | "same" | "causal";
  /**
   * Steps from one output to the next.
   *
   * @default {1}
   */
  strides?: number;
  /**
   * Steps from one step that an output reads to the next.
   *
   * @default {1}
   */
  dilation?: number;
  /**
   * Number of groups of columns. A group of outputs reads one group of inputs only.
   *
   * @default {1}
   */
  groups?: number;
  /**
   * Whether there is a bias.
   *
   * @default {true}
   */
  bias?: boolean;
}

const CONV1D = {
  padding: [["valid", "same", "causal"], "valid"],
  strides: [count, 1],
  dilation: [count, 1],
  groups: [count, 1],
  bias: [flag, true],
} satisfies Table<Conv1dOptions>;

/**
 * A convolution over time, PyTorch's `nn.Conv1d`: y(t) = b + sum_j W_j x(t strides + j dilation - left), for j from 0
 * to below `kernel`. Takes values `[T, B, input]`, gives `[T', B, output]`; rows behind a row's length count as zeros.
 *
 *     T' = floor((T + left + right - dilation (kernel - 1) - 1) / strides) + 1
 *
 * Lengths follow the same formula. `left` and `right`, the steps of zeros, follow from `padding`. Parameters `weight`
 * `[output, input / groups, kernel]` and `bias` `[output]`, initially uniform in ±1 / sqrt(kernel input / groups).
 *
 * A causal convolution with strides of 1 runs in streams and segments: the last dilation (kernel - 1) inputs are its
 * state `inputs`. Others must see a sequence whole.
 *
 * @throws {OptionError} When a size or an option is out of range, `groups` does not divide the widths, or padding
 *   "same" has strides.
 *
 * @example
 * ```ts
 * import { compile, gru, recurrent, sequential } from "@unroll/rnn";
 * import { conv1d } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({
 *   conv: conv1d(3, 8, 5, { strides: 2 }),
 *   rnn: recurrent(gru(), { input: 8, hidden: 4 }),
 * });
 * const session = await compile(net, { batch: 1, steps: 9 });
 * assertEquals(session.forward(new Float32Array(9 * 3)).length, 3 * 4); // [T' = 3, B = 1, 4]
 * session.dispose();
 * ```
 */
export function conv1d(input: number, output: number, kernel: number, options: Conv1dOptions = {}): Layer {
  for (const [name, size] of Object.entries({ input, output, kernel })) requireInteger(name, size, 1);
  const { padding, strides, dilation, groups, bias: hasBias } = readOptions("conv1d", CONV1D, options);
  if (input % groups || output % groups) {
    throw new OptionError(`"groups" must divide both widths, ${input} and ${output}, got ${groups}`);
  }
  if (padding === "same" && strides > 1) {
    throw new OptionError(`"strides" must be 1 with padding "same", got ${strides}`);
  }
  const K = input / groups, N = output / groups, all = dilation * (kernel - 1);
  const left = padding === "causal" ? all : padding === "same" ? Math.floor(all / 2) : 0;
  const geometry: Geometry = { kernel, strides, dilation, left, right: padding === "same" ? all - left : 0 };
  const initial = uniform(1 / Math.sqrt(K * kernel)), isCausal = padding === "causal" && strides === 1;
  const resized = resizeOf("a convolution", geometry);
  const name = `convolution ${kernel}, ${padding}, ${strides}, ${dilation}, ${groups}`;
  return {
    name,
    input: { kind: "values", width: input },
    output: { kind: "values", width: output, steps: resized },
    parameters: {
      weight: { shape: [output, K, kernel], initial },
      ...hasBias ? { bias: { shape: [output], initial } } : {},
    },
    states: isCausal && left ? [{ name: "inputs", width: left * input }] : [],
    wholeSequence: isCausal || kernel * strides === 1
      ? undefined
      : strides > 1
      ? "a convolution with strides"
      : `a convolution with padding "${padding}"`,

    plan(scope, x) {
      requireValues("plan a convolution", x);
      const weight = scope.parameter("weight"), bias = hasBias ? scope.parameter("bias") : undefined;
      const window = windows(scope, x, geometry, "a convolution", isCausal ? "inputs" : undefined);
      const y = scope.activation("output", window.steps * scope.batch, output);
      const dy = scope.train ? scope.activation("gradient of output", window.steps * scope.batch, output) : y;
      // The weight with the taps first, [kernel, output, K], as the matmuls read it.
      const taps = scope.derived("taps", 1, weight.size), dTaps = scope.scratch("gradient of taps", 1, weight.size);
      const matmuls = Array.from({ length: kernel * groups }, (_, i) => {
        const tap = Math.floor(i / groups), group = i % groups, [from, size] = [i * N * K, N * K];
        const part = { value: taps.slice(from, size), gradient: dTaps.slice(from, size) };
        const w = { ...weight, ...part, name: `${weight.name}[${i}]`, shape: [N, K], size };
        const columns = (slot: typeof y) => slot.slice(group * N, N),
          inputs = (slot: typeof y) => slot.slice(group * K, K);
        return {
          ...linear(scope, w, { bias: bias?.value.slice(group * N, N) }),
          tap,
          y: columns(y),
          dy: columns(dy),
          x: inputs(window.value),
          dx: window.gradient && inputs(window.gradient),
          dBias: tap ? undefined : bias?.gradient.slice(group * N, N),
        };
      });
      const rows = weight.size / kernel;
      /** Exchange the layouts of taps and weight. */
      const toTaps = (k: Kernels, to: number, from: number) => k.transpose(to, from, kernel, rows, rows, kernel);
      return {
        output: { kind: "values", width: output, steps: resized, value: y, gradient: dy },
        states: window.states,
        refresh(k) {
          toTaps(k, taps.address, weight.value.address);
          for (const matmul of matmuls) matmul.refresh(k);
        },
        forward(k, shape) {
          const { T, B } = shapeOf({ steps: resized }, shape);
          window.forward(k, shape);
          for (const { tap, x, y, forward } of matmuls) forward(k, y, 0, x, window.row(tap, B), T * B, tap > 0);
        },
        backward(k, shape) {
          const { T, B } = shapeOf({ steps: resized }, shape);
          if (!x.gradient && !window.states.length) return;
          window.beginBackward(k, shape);
          for (const { tap, dx, dy, backward } of matmuls) backward(k, dx!, window.row(tap, B), dy, 0, T * B, true);
          window.endBackward(k, shape);
        },
        gradients(k, shape) {
          const { T, B } = shapeOf({ steps: resized }, shape);
          toTaps(k, dTaps.address, weight.gradient.address);
          for (const { tap, x, dy, dBias, gradient } of matmuls) {
            gradient(k, dy, 0, x, window.row(tap, B), T * B, dBias);
          }
          k.transpose(weight.gradient.address, dTaps.address, rows, kernel, kernel, rows);
        },
      };
    },
  };
}
