import { ShapeError } from "../../../errors.ts";
import {
  allocate,
  elementType,
  type Inputs,
  type OnnxElementType,
  type OnnxTensor,
  sizeOf,
  tensor,
} from "../../format/tensor.ts";
import { axisOf, type NodeContext, type Operator, required } from "./operator.ts";
import { multiplied } from "./products.ts";
import { toEven } from "./functions.ts";

/** The smallest and largest number of an integer type of at most 16 bits. */
function rangeOf(type: OnnxElementType): [number, number] {
  const bits = Number(type.match(/\d+$/)?.[0] ?? 32);
  return type.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** The scale and zero point of an element: one for all, one for each place along an axis, or one for each block. */
function scaleReader(node: NodeContext): (x: OnnxTensor, inputs: Inputs) => (i: number) => [number, number] {
  const axis = node.attributes.int("axis", 1), block = node.attributes.int("block_size", 0);
  return (x, inputs) => {
    const scale = required(inputs, 1), zero = inputs[2];
    if (zero && zero.data.length !== scale.data.length) {
      throw new ShapeError(`the scale [${scale.shape}] and the zero point [${zero.shape}] must have one shape`);
    }
    const at = (i: number): [number, number] => [scale.data[i], zero?.data[i] ?? 0];
    if (scale.data.length === 1) return () => at(0);
    const d = axisOf(axis, x.shape.length), inner = sizeOf(x.shape.slice(d + 1)), extent = x.shape[d];
    const size = block || (scale.shape.length === 1 ? 1 : 0), count = scale.shape[block ? d : 0];
    if (!size || Math.ceil(extent / size) !== count) {
      throw new ShapeError(`a scale of shape [${scale.shape}] does not fit axis ${d} of x [${x.shape}]`);
    }
    return (i) => {
      const place = Math.floor(Math.floor(i / inner) % extent / size);
      return at(block ? (Math.floor(i / inner / extent) * count + place) * inner + i % inner : place);
    };
  };
}

/** (x - zero point) scale. */
export const dequantizeLinear: Operator = {
  prepare(node) {
    const read = scaleReader(node), output = node.attributes.take("output_dtype", "int");
    return (inputs) => {
      const x = required(inputs, 0), scaleOf = read(x, inputs), y = allocate("double", x.shape);
      for (let i = 0; i < y.length; i++) {
        const [scale, zero] = scaleOf(i);
        y[i] = (x.data[i] - zero) * scale;
      }
      return [tensor(output ? elementType("DequantizeLinear", output) : required(inputs, 1).type, x.shape, y)];
    };
  },
};

/** x / scale + zero point, rounded to even and kept within the type of the zero point. */
export const quantizeLinear: Operator = {
  prepare(node) {
    const read = scaleReader(node), output = node.attributes.int("output_dtype", 0);
    node.attributes.int("saturate", 1); // concerns 8-bit floats, which are not supported
    node.attributes.int("precision", 0);
    const declared = output ? elementType("QuantizeLinear", output) : undefined;
    return (inputs) => {
      const x = required(inputs, 0), scaleOf = read(x, inputs), type = declared ?? inputs[2]?.type ?? "uint8";
      const [low, high] = rangeOf(type), y = allocate("double", x.shape);
      for (let i = 0; i < y.length; i++) {
        const [scale, zero] = scaleOf(i);
        y[i] = Math.min(Math.max(toEven(Math.fround(x.data[i] / scale)) + zero, low), high);
      }
      return [tensor(type, x.shape, y)];
    };
  },
};

/** x as bytes, with the scale and the zero point that its range gives. */
export const dynamicQuantizeLinear: Operator = {
  prepare: () => (inputs) => {
    const { shape, data } = required(inputs, 0);
    let low = 0, high = 0;
    for (const x of data) low = Math.min(low, x), high = Math.max(high, x);
    const scale = Math.fround(Math.fround(high - low) / 255);
    const zero = scale ? Math.min(Math.max(toEven(Math.fround(-low / scale)), 0), 255) : 0;
    const y = Float64Array.from(
      data,
      (x) => Math.min(Math.max(scale ? toEven(Math.fround(x / scale)) + zero : 0, 0), 255),
    );
    return [tensor("uint8", shape, y), tensor("float", [], [scale]), tensor("uint8", [], [zero])];
  },
};

/** The product of two matrices of bytes, less their zero points: one for all, for each row of A, or column of B. */
export const matMulInteger: Operator = {
  prepare: () => (inputs) => {
    const [a, b] = [0, 1].map((i) => {
      const { shape, data } = required(inputs, i), zero = inputs[2 + i], n = shape.at(-1) ?? 1;
      const places = zero?.data.length ?? 1, extent = i ? n : shape.at(-2) ?? 1;
      if (places !== 1 && places !== extent) {
        throw new ShapeError(`zero point ${i} of shape [${zero!.shape}] does not fit [${shape}]`);
      }
      const zeroAt = (j: number) => zero?.data[places === 1 ? 0 : i ? j % n : Math.floor(j / n) % extent] ?? 0;
      return tensor("int32", shape, Float64Array.from(data, (x, j) => x - zeroAt(j)));
    });
    return [multiplied(a, b)];
  },
};

/**
 * The weight of a recurrent operator `[D, columns, rows]` as floats `[D, rows, columns]`; a scale for all, or each row.
 */
export const recurrentWeight: Operator = {
  prepare: () => (inputs) => {
    const { shape, data } = required(inputs, 0), { data: scale } = required(inputs, 1), zero = inputs[2];
    const [D, columns, rows] = shape;
    if (shape.length !== 3 || (scale.length !== D && scale.length !== D * rows)) {
      throw new ShapeError(`a weight of shape [${shape}] cannot have ${scale.length} scales`);
    }
    const y = allocate("float", [D, rows, columns]);
    for (let i = 0; i < y.length; i++) {
      const column = i % columns, row = Math.floor(i / columns) % rows, d = Math.floor(i / columns / rows);
      const s = scale.length === D ? d : d * rows + row;
      y[i] = (data[(d * columns + column) * rows + row] - (zero?.data[s] ?? 0)) * scale[s];
    }
    return [{ type: "float", shape: [D, rows, columns], data: y }];
  },
};
