import { ShapeError } from "../../../errors.ts";
import { spend } from "../../format/budget.ts";
import { allocate, type Inputs, type OnnxTensor, sizeOf } from "../../format/tensor.ts";
import { planGather } from "../plan/gather_plan.ts";
import { axisOf, integersOf, type NodeContext, type Operator, required } from "./operator.ts";
import { reshaped, strided, stridesOf, transposed } from "./strides.ts";

/** x unchanged. */
export const identity: Operator = { moves: true, prepare: () => (inputs) => [required(inputs, 0)] };

/** Reorders the axes, by default reverses them. */
export const transpose: Operator = {
  moves: true,
  prepare({ attributes }) {
    const order = attributes.take("perm", "ints");
    return (inputs) => {
      const x = required(inputs, 0), rank = x.shape.length;
      const all = order ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
      if (all.length !== rank || new Set(all).size !== rank || all.some((axis) => axis < 0 || axis >= rank)) {
        throw new ShapeError(`"perm" must be an order of ${rank} dimensions, got [${all}]`);
      }
      return [transposed(x, all)];
    };
  },
};

/** In the requested shape, 0 means the extent of x (unless `allowzero`), and -1 the extent that fits the rest. */
export const reshape: Operator = {
  moves: true,
  shapedBy: 1,
  prepare({ attributes }) {
    const zero = attributes.int("allowzero", 0) === 1;
    return (inputs) => {
      const x = required(inputs, 0), requested = [...required(inputs, 1).data];
      const shape = requested.map((extent, i) => extent === 0 && !zero ? x.shape[i] ?? 0 : extent);
      const open = shape.indexOf(-1);
      const known = sizeOf(shape.filter((_, i) => i !== open));
      if (open >= 0) shape[open] = known ? x.data.length / known : 0;
      if (shape.some((extent) => !Number.isInteger(extent) || extent < 0)) {
        throw new ShapeError(`shape [${x.shape}] cannot become [${requested}]`);
      }
      return [reshaped(x, shape)];
    };
  },
};

/** A matrix: the axes before `axis` become rows, the others columns. */
export const flatten: Operator = {
  moves: true,
  prepare({ attributes }) {
    const axis = attributes.int("axis", 1);
    return (inputs) => {
      const x = required(inputs, 0), rank = x.shape.length;
      const at = axis === rank ? rank : axisOf(axis, rank);
      return [reshaped(x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))])];
    };
  },
};

/** Reads the axes of a node: an attribute before version 13, an input since. */
function axesReader({ attributes, opset }: NodeContext): (inputs: Inputs) => readonly number[] | undefined {
  const attribute = opset < 13 ? attributes.take("axes", "ints") : undefined;
  return (inputs) => opset < 13 ? attribute : integersOf(inputs, 1);
}

/** Removes axes of extent 1, by default all of them. */
export const squeeze: Operator = {
  moves: true,
  shapedBy: 1,
  prepare(node) {
    const axesOf = axesReader(node);
    return (inputs) => {
      const x = required(inputs, 0), { shape } = x;
      const removed = axesOf(inputs)?.map((axis) => axisOf(axis, shape.length)) ??
        [...shape.keys()].filter((i) => shape[i] === 1);
      return [reshaped(x, shape.filter((_, i) => !removed.includes(i)))];
    };
  },
};

/** Inserts axes of extent 1. */
export const unsqueeze: Operator = {
  moves: true,
  shapedBy: 1,
  prepare(node) {
    const axesOf = axesReader(node);
    return (inputs) => {
      const x = required(inputs, 0), axes = axesOf(inputs);
      if (!axes) throw new ShapeError('"axes" are missing');
      const rank = x.shape.length + axes.length;
      const inserted = new Set(axes.map((axis) => axisOf(axis, rank)));
      if (inserted.size !== axes.length) throw new ShapeError(`"axes" must differ, got [${axes}]`);
      let next = 0;
      return [reshaped(x, Array.from({ length: rank }, (_, i) => inserted.has(i) ? 1 : x.shape[next++]))];
    };
  },
};

/** Starts, ends and axes are attributes before version 10; since then they are inputs, with steps as a fourth. */
export const slice: Operator = {
  moves: true,
  shapedBy: 1,
  prepare({ attributes, opset }) {
    const listed = opset < 10 && ["starts", "ends", "axes"].map((name) => attributes.take(name, "ints"));
    return (inputs) => {
      const x = required(inputs, 0), shape = [...x.shape], strides = stridesOf(shape);
      const [starts, ends, axes, steps] = listed || [1, 2, 3, 4].map((i) => integersOf(inputs, i));
      if (!starts || !ends) throw new ShapeError('"starts" and "ends" are missing');
      const along = axes ?? starts.map((_, i) => i);
      if (ends.length !== starts.length || along.length !== starts.length || (steps ?? along).length !== along.length) {
        throw new ShapeError('"starts", "ends", "axes" and "steps" must have one length');
      }
      let offset = 0;
      along.forEach((axis, i) => {
        const d = axisOf(axis, shape.length), extent = x.shape[d], step = steps?.[i] ?? 1;
        if (!Number.isInteger(step) || step === 0) throw new ShapeError(`a step must not be 0, got ${step}`);
        const within = (at: number, low: number, high: number) =>
          Math.min(Math.max(at < 0 ? at + extent : at, low), high);
        const start = step > 0 ? within(starts[i], 0, extent) : within(starts[i], 0, extent - 1);
        const end = step > 0 ? within(ends[i], 0, extent) : within(ends[i], -1, extent - 1);
        shape[d] = Math.max(0, Math.ceil((end - start) / step));
        offset += start * strides[d];
        strides[d] *= step;
      });
      return [strided(x, shape, strides, offset)];
    };
  },
};

/** Joins tensors along an axis. */
export const concat: Operator = {
  moves: true,
  prepare({ attributes }) {
    const axis = attributes.take("axis", "int");
    return (inputs) => {
      required(inputs, 0);
      if (axis === undefined) throw new ShapeError('"axis" is missing');
      return [concatenated(inputs.map((_, i) => required(inputs, i)), axis)];
    };
  },
};

/** Tensors joined along an axis. */
export function concatenated(tensors: readonly OnnxTensor[], axis: number): OnnxTensor {
  const { type, shape } = tensors[0];
  const at = axisOf(axis, shape.length), outer = sizeOf(shape.slice(0, at)), inner = sizeOf(shape.slice(at + 1));
  const odd = tensors.find((x) =>
    x.type !== type || x.shape.length !== shape.length ||
    x.shape.some((n, i) => i !== at && n !== shape[i])
  );
  if (odd) throw new ShapeError(`${type} [${shape}] and ${odd.type} [${odd.shape}] do not join along axis ${at}`);
  const extent = tensors.reduce((sum, x) => sum + x.shape[at], 0);
  const data = allocate(type, [outer, extent, inner]);
  spend(outer * tensors.length);
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const x of tensors) {
      const n = x.shape[at] * inner;
      data.set(x.data.subarray(o * n, (o + 1) * n), to);
      to += n;
    }
  }
  return { type, shape: shape.with(at, extent), data };
}

/**
 * Cuts x along an axis. The sizes are an attribute before version 13, an input since. Without sizes all outputs have
 * equal size, except that the last may be smaller.
 */
export const split: Operator = {
  moves: true,
  shapedBy: 1,
  prepare({ attributes, opset, outputs }) {
    const axis = attributes.int("axis", 0);
    const attribute = opset < 13 ? attributes.take("split", "ints") : undefined;
    const count = opset >= 18 ? attributes.int("num_outputs", outputs) : outputs;
    return (inputs) => {
      const x = required(inputs, 0), at = axisOf(axis, x.shape.length), extent = x.shape[at];
      const each = Math.ceil(extent / count);
      const sizes = (opset < 13 ? attribute : integersOf(inputs, 1)) ??
        Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, extent - i * each)));
      if (sizes.length !== outputs || sizes.reduce((sum, n) => sum + n, 0) !== extent || sizes.some((n) => n < 0)) {
        throw new ShapeError(
          `${extent} elements of axis ${at} do not split into ${outputs} outputs of sizes [${sizes}]`,
        );
      }
      const strides = stridesOf(x.shape);
      let from = 0;
      return sizes.map((n) => {
        const output = strided(x, x.shape.with(at, n), strides, from * strides[at]);
        from += n;
        return output;
      });
    };
  },
};

/** Slices of x along an axis at integer indices. Negative indices count from the end. */
export const gather: Operator = {
  moves: true,
  plan: ({ attributes }) => planGather(attributes.int("axis", 0)),
  prepare({ attributes }) {
    const axis = attributes.int("axis", 0);
    return (inputs) => {
      const x = required(inputs, 0), indices = required(inputs, 1), at = axisOf(axis, x.shape.length);
      return [gathered(x, indices, at)];
    };
  },
};

/** The slices of x along an axis at some indices. */
export function gathered(x: OnnxTensor, indices: OnnxTensor, at: number): OnnxTensor {
  const outer = sizeOf(x.shape.slice(0, at)), extent = x.shape[at], inner = sizeOf(x.shape.slice(at + 1));
  const count = indices.data.length, data = allocate(x.type, [outer, count, inner]);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      const index = indices.data[i], row = index < 0 ? index + extent : index;
      if (!(Number.isInteger(row) && row >= 0 && row < extent)) {
        throw new ShapeError(`index ${index} at ${i} is not below the extent ${extent} of axis ${at}`);
      }
      const from = (o * extent + row) * inner;
      data.set(x.data.subarray(from, from + inner), (o * count + i) * inner);
    }
  }
  return { type: x.type, shape: [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)], data };
}
