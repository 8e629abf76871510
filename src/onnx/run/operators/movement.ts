import { ShapeError } from "../../../errors.ts";
import { allocate, type OnnxTensor, sizeOf } from "../../format/tensor.ts";
import { axisOf, integersOf, type NodeContext, type Operator, required } from "./operator.ts";
import { reshaped, strided, stridesOf, transposed } from "./strides.ts";

export const identity: Operator = { moves: true, prepare: () => (inputs) => [required(inputs, 0)] };

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

/** 0 stands for the extent of x (unless `allowzero`), -1 for what is left. */
export const reshape: Operator = {
  moves: true,
  shapedBy: 1,
  prepare({ attributes }) {
    const zero = attributes.int("allowzero", 0) === 1;
    return (inputs) => {
      const x = required(inputs, 0), asked = [...required(inputs, 1).data];
      const shape = asked.map((extent, i) => extent === 0 && !zero ? x.shape[i] ?? 0 : extent);
      const open = shape.indexOf(-1), known = sizeOf(shape.filter((_, i) => i !== open));
      if (open >= 0) shape[open] = known ? x.data.length / known : 0;
      if (shape.some((extent) => !Number.isInteger(extent) || extent < 0)) {
        throw new ShapeError(`shape [${x.shape}] cannot become [${asked}]`);
      }
      return [reshaped(x, shape)];
    };
  },
};

export const flatten: Operator = {
  moves: true,
  prepare({ attributes }) {
    const axis = attributes.int("axis", 1);
    return (inputs) => {
      const x = required(inputs, 0), rank = x.shape.length, at = axis === rank ? rank : axisOf(axis, rank);
      return [reshaped(x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))])];
    };
  },
};

/** Axes are an attribute before version 13, an input since. */
function axes(
  { attributes, opset }: NodeContext,
): (inputs: Parameters<typeof integersOf>[0]) => readonly number[] | undefined {
  const given = opset < 13 ? attributes.take("axes", "ints") : undefined;
  return (inputs) => opset < 13 ? given : integersOf(inputs, 1);
}

export const squeeze: Operator = {
  moves: true,
  shapedBy: 1,
  prepare(place) {
    const read = axes(place);
    return (inputs) => {
      const x = required(inputs, 0), { shape } = x;
      const gone = read(inputs)?.map((axis) => axisOf(axis, shape.length)) ??
        [...shape.keys()].filter((i) => shape[i] === 1);
      return [reshaped(x, shape.filter((_, i) => !gone.includes(i)))];
    };
  },
};

export const unsqueeze: Operator = {
  moves: true,
  shapedBy: 1,
  prepare(place) {
    const read = axes(place);
    return (inputs) => {
      const x = required(inputs, 0), given = read(inputs);
      if (!given) throw new ShapeError('"axes" are missing');
      const rank = x.shape.length + given.length, fresh = new Set(given.map((axis) => axisOf(axis, rank)));
      if (fresh.size !== given.length) throw new ShapeError(`"axes" must differ, got [${given}]`);
      let next = 0;
      return [reshaped(x, Array.from({ length: rank }, (_, i) => fresh.has(i) ? 1 : x.shape[next++]))];
    };
  },
};

/** Starts, ends, axes and steps are attributes before version 10 (without steps), inputs since. */
export const slice: Operator = {
  moves: true,
  shapedBy: 1,
  prepare({ attributes, opset }) {
    const old = opset < 10 && ["starts", "ends", "axes"].map((name) => attributes.take(name, "ints"));
    return (inputs) => {
      const x = required(inputs, 0), shape = [...x.shape], strides = stridesOf(shape);
      const [starts, ends, given, steps] = old || [1, 2, 3, 4].map((i) => integersOf(inputs, i));
      if (!starts || !ends) throw new ShapeError('"starts" and "ends" are missing');
      const along = given ?? starts.map((_, i) => i);
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

export const concat: Operator = {
  moves: true,
  prepare({ attributes }) {
    const axis = attributes.take("axis", "int");
    return (inputs) => {
      const parts = inputs.map((_, i) => required(inputs, i)), [{ type, shape }] = parts;
      if (axis === undefined) throw new ShapeError('"axis" is missing');
      const at = axisOf(axis, shape.length), outer = sizeOf(shape.slice(0, at)), inner = sizeOf(shape.slice(at + 1));
      const odd = parts.find((part) =>
        part.type !== type || part.shape.length !== shape.length ||
        part.shape.some((n, i) => i !== at && n !== shape[i])
      );
      if (odd) throw new ShapeError(`${type} [${shape}] and ${odd.type} [${odd.shape}] do not join along axis ${at}`);
      const extent = parts.reduce((sum, part) => sum + part.shape[at], 0),
        data = allocate(type, outer * extent * inner);
      let to = 0;
      for (let o = 0; o < outer; o++) {
        for (const part of parts) {
          const n = part.shape[at] * inner;
          data.set(part.data.subarray(o * n, (o + 1) * n), to);
          to += n;
        }
      }
      return [{ type, shape: shape.with(at, extent), data }];
    };
  },
};

/** Sizes are an attribute before version 13, an input since; without them the parts are equal, the last one smaller. */
export const split: Operator = {
  moves: true,
  shapedBy: 1,
  prepare({ attributes, opset, outputs }) {
    const axis = attributes.int("axis", 0), given = opset < 13 ? attributes.take("split", "ints") : undefined;
    const count = opset >= 18 ? attributes.int("num_outputs", outputs) : outputs;
    return (inputs) => {
      const x = required(inputs, 0), at = axisOf(axis, x.shape.length), extent = x.shape[at];
      const each = Math.ceil(extent / count);
      const sizes = (opset < 13 ? given : integersOf(inputs, 1)) ??
        Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, extent - i * each)));
      if (sizes.length !== outputs || sizes.reduce((sum, n) => sum + n, 0) !== extent || sizes.some((n) => n < 0)) {
        throw new ShapeError(`${extent} elements of axis ${at} do not split into ${outputs} parts of sizes [${sizes}]`);
      }
      const strides = stridesOf(x.shape);
      let from = 0;
      return sizes.map((n) => {
        const part = strided(x, x.shape.with(at, n), strides, from * strides[at]);
        from += n;
        return part;
      });
    };
  },
};

/** Rows of x along an axis, by whole numbers that count from the end where they are negative. */
export const gather: Operator = {
  moves: true,
  prepare({ attributes }) {
    const axis = attributes.int("axis", 0);
    return (inputs) => {
      const x = required(inputs, 0), indices = required(inputs, 1), at = axisOf(axis, x.shape.length);
      return [gathered(x, indices, at)];
    };
  },
};

function gathered(x: OnnxTensor, indices: OnnxTensor, at: number): OnnxTensor {
  const outer = sizeOf(x.shape.slice(0, at)), extent = x.shape[at], inner = sizeOf(x.shape.slice(at + 1));
  const count = indices.data.length, data = allocate(x.type, outer * count * inner);
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
