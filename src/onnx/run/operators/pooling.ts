import { ShapeError } from "../../../errors.ts";
import { spend } from "../../format/budget.ts";
import { allocate, type OnnxTensor, sizeOf, tensor } from "../../format/tensor.ts";
import { type NodeContext, type Operator, required } from "./operator.ts";
import { readWindows, type Windows } from "./windows.ts";

/** The windows of a pooling node over x; the window of a global one is all of x. */
function poolingWindows(node: NodeContext, isGlobal: boolean): (x: OnnxTensor) => Windows {
  const windowsOf = readWindows(node), declared = isGlobal ? undefined : node.attributes.take("kernel_shape", "ints");
  return ({ shape }) => {
    const extents = shape.slice(2), kernel = isGlobal ? extents : declared;
    if (!kernel || shape.length < 3) throw new ShapeError(`x [${shape}] cannot be pooled by [${kernel ?? "nothing"}]`);
    if (isGlobal && !sizeOf(extents)) throw new ShapeError(`x [${shape}] has nothing to pool`);
    return windowsOf(extents, kernel);
  };
}

/** For each window of each channel of x a number. */
function pooled(
  x: OnnxTensor,
  { shape, index, counted }: Windows,
  f: (x: OnnxTensor["data"], from: number, index: Int32Array, counted: number) => number,
): OnnxTensor {
  const [N, C, ...extents] = x.shape, size = sizeOf(extents), positions = sizeOf(shape);
  const y = allocate("double", [N, C, ...shape]), taps = positions ? index.length / positions : 0;
  spend(N * C * index.length);
  const windows = Array.from({ length: positions }, (_, p) => index.subarray(p * taps, (p + 1) * taps));
  for (let c = 0; c < N * C; c++) {
    for (let p = 0; p < positions; p++) y[c * positions + p] = f(x.data, c * size, windows[p], counted[p]);
  }
  return tensor(x.type, [N, C, ...shape], y);
}

function averagePooling(isGlobal: boolean): Operator {
  return {
    prepare(node) {
      const windowsOf = poolingWindows(node, isGlobal), all = node.attributes.int("count_include_pad", 0) !== 0;
      return (inputs) => {
        const x = required(inputs, 0);
        return [pooled(x, windowsOf(x), (data, from, index, counted) => {
          let sum = 0, inside = 0;
          for (const i of index) if (i >= 0) sum += data[from + i], inside++;
          return sum / (all ? counted : inside);
        })];
      };
    },
  };
}

/** The place in a window of the largest element. */
function largestAt(data: OnnxTensor["data"], from: number, index: Int32Array): number {
  let best = -1;
  for (const i of index) if (i >= 0 && (best < 0 || !(data[from + i] <= data[from + best]))) best = i;
  return best;
}

function maxPooling(isGlobal: boolean): Operator {
  return {
    prepare(node) {
      const windowsOf = poolingWindows(node, isGlobal), columnMajor = node.attributes.int("storage_order", 0) === 1;
      return (inputs) => {
        const x = required(inputs, 0), windows = windowsOf(x), extents = x.shape.slice(2), size = sizeOf(extents);
        const values = pooled(x, windows, (data, from, index) => {
          const at = largestAt(data, from, index);
          return at < 0 ? -Infinity : data[from + at];
        });
        if (node.outputs < 2) return [values];
        const places = pooled({ ...x, type: "int64" }, windows, (data, from, index) => {
          const at = largestAt(data, from, index);
          return from + (columnMajor ? inColumns(at, extents) : at);
        });
        return [values, size ? places : { ...places, type: "int64" }];
      };
    },
  };
}

/** The place of a row-major element in column-major order. */
function inColumns(at: number, extents: readonly number[]): number {
  let index = 0;
  for (let d = extents.length - 1, stride = sizeOf(extents); d >= 0; d--) {
    stride /= extents[d];
    index += (at % extents[d]) * stride;
    at = Math.floor(at / extents[d]);
  }
  return index;
}

export const averagePool = /* @__PURE__ */ averagePooling(false);
export const globalAveragePool = /* @__PURE__ */ averagePooling(true);
export const maxPool = /* @__PURE__ */ maxPooling(false);
export const globalMaxPool = /* @__PURE__ */ maxPooling(true);
