import { FormatError, ShapeError } from "../../../errors.ts";
import { spend } from "../../format/budget.ts";
import { allocate, type OnnxElements, type OnnxTensor, sizeOf, tensor } from "../../format/tensor.ts";
import { axisOf, type Operator, required } from "./operator.ts";

/** Visits the lines of a shape along an axis: their first element, and the elements from one to the next. */
export function forEachLine(
  shape: readonly number[],
  axis: number,
  visit: (first: number, step: number, line: number) => void,
): void {
  const step = sizeOf(shape.slice(axis + 1)), outer = sizeOf(shape.slice(0, axis));
  spend(outer * step);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < step; i++) visit(o * step * shape[axis] + i, step, o * step + i);
  }
}

/** The place of the first or last of the largest elements along an axis; of the smallest with `sign` -1. */
function argument(sign: number): Operator {
  return {
    prepare({ attributes }) {
      const axis = attributes.int("axis", 0), keep = attributes.int("keepdims", 1) !== 0;
      const last = attributes.int("select_last_index", 0) !== 0;
      return (inputs) => {
        const { shape, data } = required(inputs, 0), at = axisOf(axis, shape.length);
        if (!shape[at]) throw new ShapeError(`axis ${axis} of shape [${shape}] has no elements`);
        const kept = shape.with(at, 1), y = allocate("int64", kept);
        forEachLine(shape, at, (first, step, line) => {
          let best = 0;
          for (let i = 1; i < shape[at]; i++) {
            const difference = sign * (data[first + i * step] - data[first + best * step]);
            if (difference > 0 || (last && difference === 0)) best = i;
          }
          y[line] = best;
        });
        return [{ type: "int64", shape: keep ? kept : shape.toSpliced(at, 1), data: y }];
      };
    },
  };
}

export const argMax = /* @__PURE__ */ argument(1);
export const argMin = /* @__PURE__ */ argument(-1);

/** The k largest (or smallest) elements along an axis in order, and their places. */
export const topK: Operator = {
  shapedBy: 1,
  prepare({ attributes, opset }) {
    const axis = attributes.int("axis", -1), sign = attributes.int("largest", 1) ? -1 : 1;
    attributes.int("sorted", 1); // they are sorted in any case
    const attribute = opset < 10 ? attributes.take("k", "int") : undefined;
    return (inputs) => {
      const x = required(inputs, 0), at = axisOf(axis, x.shape.length), n = x.shape[at];
      const k = attribute ?? required(inputs, 1).data[0];
      if (!(Number.isInteger(k) && k >= 0 && k <= n)) throw new ShapeError(`"k" must be from 0 to ${n}, got ${k}`);
      const shape = x.shape.with(at, k), values = allocate(x.type, shape), places = allocate("int64", shape);
      spend(x.data.length * 8);
      forEachLine(x.shape, at, (first, step, line) => {
        const of = (i: number) => x.data[first + i * step];
        const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => sign * (of(a) - of(b)) || a - b);
        const to = Math.floor(line / step) * step * k + line % step;
        for (let i = 0; i < k; i++) {
          values[to + i * step] = of(order[i]);
          places[to + i * step] = order[i];
        }
      });
      return [{ type: x.type, shape, data: values }, { type: "int64", shape, data: places }];
    };
  },
};

/** An index counted from the front. */
function placeOf(index: number, extent: number, axis: number): number {
  const place = index < 0 ? index + extent : index;
  if (Number.isInteger(place) && place >= 0 && place < extent) return place;
  throw new ShapeError(`index ${index} is not below the extent ${extent} of axis ${axis}`);
}

/** For each element of `indices` its place in x: the index replaces the place along the axis. */
function elementPlaces(x: OnnxTensor, indices: OnnxTensor, axis: number): Int32Array {
  const fits = indices.shape.length === x.shape.length && indices.shape.every((n, d) => d === axis || n <= x.shape[d]);
  if (!fits) throw new ShapeError(`indices [${indices.shape}] do not fit x [${x.shape}] along axis ${axis}`);
  const places = new Int32Array(indices.data.length), at = new Array<number>(x.shape.length).fill(0);
  spend(places.length);
  for (let i = 0; i < places.length; i++) {
    let place = 0;
    for (let d = 0; d < at.length; d++) {
      place = place * x.shape[d] + (d === axis ? placeOf(indices.data[i], x.shape[d], d) : at[d]);
    }
    places[i] = place;
    for (let d = at.length - 1; d >= 0 && ++at[d] === indices.shape[d]; d--) at[d] = 0;
  }
  return places;
}

/** The elements of x at indices along an axis. */
export const gatherElements: Operator = {
  fills: true,
  prepare({ attributes }) {
    const axis = attributes.int("axis", 0);
    return (inputs) => {
      const x = required(inputs, 0), indices = required(inputs, 1);
      const places = elementPlaces(x, indices, axisOf(axis, x.shape.length));
      const data = allocate(x.type, indices.shape);
      places.forEach((place, i) => data[i] = x.data[place]);
      return [{ type: x.type, shape: indices.shape, data }];
    };
  },
};

/** How an update changes an element. */
const UPDATES: Readonly<Record<string, (x: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (x, update) => x + update,
  mul: (x, update) => x * update,
  max: Math.max,
  min: Math.min,
};

/** x with the elements at indices along an axis updated. */
export const scatterElements: Operator = {
  prepare({ attributes }) {
    const axis = attributes.int("axis", 0), name = attributes.take("reduction", "text") ?? "none";
    const update = Object.hasOwn(UPDATES, name) ? UPDATES[name] : undefined;
    if (!update) throw new FormatError(`Cannot read ONNX: a scatter by ${JSON.stringify(name)} is not supported`);
    return (inputs) => {
      const x = required(inputs, 0), indices = required(inputs, 1), updates = required(inputs, 2);
      if (updates.shape.join() !== indices.shape.join() || updates.type !== x.type) {
        throw new ShapeError(`updates must be ${x.type} [${indices.shape}], got ${updates.type} [${updates.shape}]`);
      }
      const places = elementPlaces(x, indices, axisOf(axis, x.shape.length)), data: OnnxElements = x.data.slice();
      places.forEach((place, i) => data[place] = update(data[place], updates.data[i]));
      return [tensor(x.type, x.shape, data)];
    };
  },
};

/** Sums of the elements along an axis up to each of them. */
export const cumSum: Operator = {
  prepare({ attributes }) {
    const exclusive = attributes.int("exclusive", 0) !== 0, reverse = attributes.int("reverse", 0) !== 0;
    return (inputs) => {
      const { type, shape, data } = required(inputs, 0), at = axisOf(required(inputs, 1).data[0], shape.length);
      const y = allocate("double", shape), n = shape[at];
      forEachLine(shape, at, (first, step) => {
        let sum = 0;
        for (let i = 0; i < n; i++) {
          const place = first + (reverse ? n - 1 - i : i) * step;
          y[place] = exclusive ? sum : sum + data[place];
          sum += data[place];
        }
      });
      return [tensor(type, shape, y)];
    };
  },
};

/** x repeated along each axis. */
export const tile: Operator = {
  fills: true,
  shapedBy: 1,
  prepare: () => (inputs) => {
    const x = required(inputs, 0), repeats = required(inputs, 1).data, rank = x.shape.length;
    if (repeats.length !== rank) throw new ShapeError(`"repeats" must be ${rank} numbers, got ${repeats.length}`);
    const shape = x.shape.map((extent, d) => extent * repeats[d]), data = allocate(x.type, shape);
    const at = new Array<number>(rank).fill(0);
    spend(data.length);
    for (let i = 0; i < data.length; i++) {
      let place = 0;
      for (let d = 0; d < rank; d++) place = place * x.shape[d] + at[d] % x.shape[d];
      data[i] = x.data[place];
      for (let d = rank - 1; d >= 0 && ++at[d] === shape[d]; d--) at[d] = 0;
    }
    return [{ type: x.type, shape, data }];
  },
};

/** The places of the elements that are not 0, one column each. */
export const nonZero: Operator = {
  shapedBy: 0,
  prepare: () => (inputs) => {
    const { shape, data } = required(inputs, 0), found: number[] = [];
    data.forEach((x, i) => x && found.push(i));
    const rank = shape.length, y = allocate("int64", [rank, found.length]);
    found.forEach((place, i) => {
      for (let d = rank - 1; d >= 0; d--) {
        y[d * found.length + i] = place % shape[d];
        place = Math.floor(place / shape[d]);
      }
    });
    return [{ type: "int64", shape: [rank, found.length], data: y }];
  },
};
