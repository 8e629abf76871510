import { FormatError, ShapeError } from "../../../errors.ts";
import { allocate, integers, sizeOf, tensor } from "../../format/tensor.ts";
import { axisOf, type Operator, required } from "./operator.ts";
import { broadcast, broadcastShape, transposed } from "./strides.ts";

/** The extents of x from dimension `start` to before `end`. */
export const shape: Operator = {
  readsShape: true,
  prepare({ attributes }) {
    const start = attributes.int("start", 0), end = attributes.take("end", "int");
    return (inputs) => [integers(required(inputs, 0).shape.slice(start, end))];
  },
};

/** The number of elements of x. */
export const size: Operator = {
  readsShape: true,
  prepare: () => (inputs) => [tensor("int64", [], [sizeOf(required(inputs, 0).shape)])],
};

/** A tensor of a shape, filled with one value. */
export const constantOfShape: Operator = {
  shapedBy: 0,
  prepare({ attributes }) {
    const { type, data: [value] } = attributes.take("value", "tensor") ?? tensor("float", [1], [0]);
    return (inputs) => {
      const extents = [...required(inputs, 0).data];
      return [tensor(type, extents, allocate(type, extents).fill(value))];
    };
  },
};

/** x broadcast together with a shape: where the shape has extent 1, the extent of x stays. */
export const expand: Operator = {
  shapedBy: 1,
  prepare: () => (inputs) => {
    const x = required(inputs, 0);
    return [broadcast(x, broadcastShape(x.shape, [...required(inputs, 1).data]))];
  },
};

/** start, start + delta, ... up to before the limit. */
export const range: Operator = {
  shapedBy: 0,
  prepare: () => (inputs) => {
    const { type, data: [start] } = required(inputs, 0);
    const [limit, delta] = [1, 2].map((i) => required(inputs, i).data[0]);
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    if (!Number.isFinite(count)) throw new ShapeError(`numbers from ${start} to ${limit} by ${delta} have no end`);
    return [tensor(type, [count], allocate(type, [count]).map((_, i) => start + i * delta))];
  },
};

/**
 * For each integer a row along a new axis: `on` at that index, `off` elsewhere. Rows for integers beyond the depth have
 * no `on`.
 */
export const oneHot: Operator = {
  shapedBy: 1,
  prepare({ attributes }) {
    const axis = attributes.int("axis", -1);
    return (inputs) => {
      const { shape, data: indices } = required(inputs, 0), { data: [depth] } = required(inputs, 1);
      const { type, data: [off, on] } = required(inputs, 2), at = axisOf(axis, shape.length + 1);
      const rows = allocate(type, [indices.length, depth]).fill(off);
      indices.forEach((index, i) => {
        const column = index < 0 ? index + depth : index;
        if (column >= 0 && column < depth) rows[i * depth + column] = on;
      });
      const order = [...shape.keys()];
      order.splice(at, 0, shape.length);
      return [transposed({ type, shape: [...shape, depth], data: rows }, order)];
    };
  },
};

/** A tensor, a number or a list of numbers in the attributes. */
export const constant: Operator = {
  prepare({ attributes }) {
    const float = attributes.take("value_float", "float"), int = attributes.take("value_int", "int");
    const floats = attributes.take("value_floats", "floats"), ints = attributes.take("value_ints", "ints");
    const value = attributes.take("value", "tensor") ??
      (float !== undefined ? tensor("float", [], [float]) : undefined) ??
      (int !== undefined ? tensor("int64", [], [int]) : undefined) ??
      (floats && tensor("float", [floats.length], floats)) ??
      (ints && integers(ints));
    attributes.requireAllRead();
    if (!value) throw new FormatError("Cannot read ONNX: a Constant must have a value of numbers, got none");
    return () => [value];
  },
};
