import { ShapeError } from "../../../errors.ts";
import { spend } from "../../format/budget.ts";
import { sizeOf } from "../../format/tensor.ts";
import type { NodeContext } from "./operator.ts";
import { readWindows, type WindowsOf } from "./windows.ts";

/** The sizes of a convolution of x `[N, C, ...]` with W `[M, C / groups, ...]`. */
export interface Convolution {
  readonly N: number;
  readonly C: number;
  readonly M: number;
  readonly groups: number;
  /** The channels of x in a group. */
  readonly channels: number;
  /** Elements of a channel of x, of a window, and of a channel of the output. */
  readonly size: number;
  readonly taps: number;
  readonly positions: number;
  readonly windows: ReturnType<WindowsOf>;
  /** The shape of the output. */
  readonly shape: readonly number[];
}

/** Reads the attributes of a convolution, and returns its sizes from the shapes of x and W. */
export function readConvolution(node: NodeContext): (x: readonly number[], W: readonly number[]) => Convolution {
  const windowsOf = readWindows(node), groups = node.attributes.int("group", 1);
  const declared = node.attributes.take("kernel_shape", "ints");
  return (x, W) => {
    const [N, C, ...extents] = x, [M, channels, ...kernel] = W;
    const fits = x.length > 2 && W.length === x.length && groups > 0 && C === channels * groups && M % groups === 0;
    if (!fits || (declared && declared.join() !== kernel.join())) {
      throw new ShapeError(`x [${x}] cannot be convolved with W [${W}] in ${groups} groups`);
    }
    const windows = windowsOf(extents, kernel), positions = sizeOf(windows.shape);
    const sizes = { size: sizeOf(extents), taps: sizeOf(kernel), positions };
    spend(N * M * channels * sizes.taps * positions / 16);
    return { N, C, M, groups, channels, ...sizes, windows, shape: [N, M, ...windows.shape] };
  };
}

/** @throws {ShapeError} When a bias has not one number for each of M channels. */
export function requireBias(bias: { readonly shape: readonly number[] } | undefined, M: number): void {
  if (bias && bias.shape.join() !== `${M}`) throw new ShapeError(`B must have shape [${M}], got [${bias.shape}]`);
}
