import { FormatError, ShapeError } from "../../../errors.ts";
import { spend } from "../../format/budget.ts";
import { sizeOf } from "../../format/tensor.ts";
import type { NodeContext } from "./operator.ts";

/** The windows of a convolution or pooling, over the dimensions behind the first two. */
export interface Windows {
  /** The extents of the output. */
  readonly shape: readonly number[];
  /** For each position of the output and each element of the window, its row-major index in x; -1: beyond x. */
  readonly index: Int32Array;
  /** For each position, the number of elements that are not beyond the padding. */
  readonly counted: Int32Array;
}

/** The windows over x `[N, C, ...extents]` of a window of shape `kernel`. */
export type WindowsOf = (extents: readonly number[], kernel: readonly number[]) => Windows;

/** Reads the attributes of windows. Those of a convolution have no `ceil_mode`. */
export function readWindows({ attributes }: NodeContext): WindowsOf {
  const strides = attributes.take("strides", "ints"), dilations = attributes.take("dilations", "ints");
  const pads = attributes.take("pads", "ints"), auto = attributes.take("auto_pad", "text") ?? "NOTSET";
  const ceil = attributes.int("ceil_mode", 0) !== 0;
  if (!["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].includes(auto)) {
    throw new FormatError(`Cannot read ONNX: "auto_pad" must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, got ${auto}`);
  }
  return (extents, kernel) => {
    const rank = extents.length;
    const lists: [string, readonly number[] | undefined, number][] = [
      ["kernel_shape", kernel, rank],
      ["strides", strides, rank],
      ["dilations", dilations, rank],
      ["pads", pads, 2 * rank],
    ];
    for (const [name, list, length] of lists) {
      const least = name === "pads" ? 0 : 1;
      if (list && (list.length !== length || list.some((x) => !(x >= least && x <= 2 ** 30)))) {
        throw new ShapeError(`"${name}" must be ${length} numbers of ${least} or more, got [${list}]`);
      }
    }
    const axes = extents.map((extent, i) => {
      const stride = strides?.[i] ?? 1, dilation = dilations?.[i] ?? 1, size = (kernel[i] - 1) * dilation + 1;
      let low = pads?.[i] ?? 0, high = pads?.[rank + i] ?? 0;
      if (auto === "VALID") low = high = 0;
      if (auto.startsWith("SAME")) {
        const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + size - extent);
        low = auto === "SAME_UPPER" ? total >> 1 : total - (total >> 1);
        high = total - low;
      }
      const room = (extent + low + high - size) / stride;
      let count = Math.max(0, (ceil ? Math.ceil(room) : Math.floor(room)) + 1);
      // A window must begin within x or the padding before it.
      if (ceil && (count - 1) * stride >= extent + low) count--;
      return { extent, stride, dilation, low, end: extent + high, count };
    });
    const shape = axes.map(({ count }) => count), positions = sizeOf(shape), taps = sizeOf(kernel);
    spend(positions * taps);
    const index = new Int32Array(positions * taps), counted = new Int32Array(positions);
    for (let p = 0; p < positions; p++) {
      for (let t = 0; t < taps; t++) {
        let at = 0, inside = true, padded = true, stride = 1;
        for (let d = rank - 1, position = p, tap = t; d >= 0; d--) {
          const axis = axes[d],
            x = (position % axis.count) * axis.stride - axis.low + (tap % kernel[d]) * axis.dilation;
          position = Math.floor(position / axis.count);
          tap = Math.floor(tap / kernel[d]);
          inside &&= x >= 0 && x < axis.extent;
          padded &&= x < axis.end;
          at += x * stride;
          stride *= axis.extent;
        }
        index[p * taps + t] = inside ? at : -1;
        counted[p] += Number(padded);
      }
    }
    return { shape, index, counted };
  };
}
