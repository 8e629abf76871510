import { FormatError, ShapeError } from "../../../errors.ts";
import { spend } from "../../format/budget.ts";
import { allocate, type Inputs, type OnnxTensor, sizeOf } from "../../format/tensor.ts";
import { cellsOf, cellTensor } from "../plan/cells.ts";
import { inCells, isFloat } from "../plan/plan_value.ts";
import { axisOf, integersOf, type NodeContext, type Operator, required } from "./operator.ts";
import { stridesOf } from "./strides.ts";

/** For each mode the element of an axis of extent n that stands at position i; undefined: the value of the padding. */
const MODES: Readonly<Record<string, (i: number, n: number) => number | undefined>> = {
  constant: (i, n) => i >= 0 && i < n ? i : undefined,
  edge: (i, n) => Math.min(Math.max(i, 0), n - 1),
  wrap: (i, n) => ((i % n) + n) % n,
  reflect(i, n) {
    const period = Math.max(2 * n - 2, 1), at = ((i % period) + period) % period;
    return at < n ? at : period - at;
  },
};

/** Adds elements at both ends of some axes; negative numbers remove elements. */
export const pad: Operator = {
  shapedBy: 1,
  prepare(node) {
    const { mode, value, padsOf } = readPad(node);
    return (inputs) => {
      const x = required(inputs, 0);
      return [padded(x, padsOf(inputs, x.shape.length), mode, inputs[2]?.data[0] ?? value)];
    };
  },
  plan(node) {
    const { mode, value, padsOf } = readPad(node);
    return (plan, inputs) => {
      const [x, pads, fill, axes] = inputs;
      if (!isFloat(x) || (pads && !pads.known) || (fill && !isFloat(fill)) || (axes && !axes.known)) return undefined;
      const known = inputs.map((input, i) => i === 1 || i === 3 ? input?.known : undefined);
      const other = fill ? plan.dense(fill) : value ? plan.constant(Float32Array.of(value)) : plan.zero;
      const cells = cellTensor(plan.cellsOf(x), x.shape);
      const y = padded(cells, padsOf(known, x.shape.length), mode, other.start);
      return [inCells(y.shape, cellsOf(y))];
    };
  },
};

function readPad({ attributes, opset }: NodeContext) {
  const name = attributes.take("mode", "text") ?? "constant",
    mode = Object.hasOwn(MODES, name) ? MODES[name] : undefined;
  if (!mode) {
    throw new FormatError(
      `Cannot read ONNX: the mode of Pad must be one of ${Object.keys(MODES).join(", ")}, got ${name}`,
    );
  }
  const old = opset < 11, attribute = old ? attributes.take("pads", "ints") : undefined;
  const value = old ? attributes.take("value", "float") ?? 0 : 0;
  /** The elements to add before and behind each of all axes. */
  const padsOf = (inputs: Inputs, rank: number): number[] => {
    const pads = old ? attribute : integersOf(inputs, 1), axes = integersOf(inputs, 3) ?? [...Array(rank).keys()];
    if (!pads || pads.length !== 2 * axes.length) {
      throw new ShapeError(`"pads" must be ${2 * axes.length} numbers, got ${pads ? `[${pads}]` : "none"}`);
    }
    const all = new Array<number>(2 * rank).fill(0);
    axes.forEach((axis, i) => {
      const d = axisOf(axis, rank);
      [all[d], all[rank + d]] = [pads[i], pads[axes.length + i]];
    });
    return all;
  };
  return { mode, value, padsOf };
}

function padded(x: OnnxTensor, pads: readonly number[], mode: (typeof MODES)[string], fill: number): OnnxTensor {
  const rank = x.shape.length, shape = x.shape.map((extent, d) => extent + pads[d] + pads[rank + d]);
  const y = allocate(x.type, shape), strides = stridesOf(x.shape);
  const needs = x.shape.find((extent, d) => extent === 0 && shape[d] > 0 && mode !== MODES.constant);
  if (needs !== undefined) throw new ShapeError(`shape [${x.shape}] has no elements for its padding`);
  // For each axis and position the offset in x; undefined beyond x.
  const offsets = shape.map((extent, d) =>
    Array.from({ length: extent }, (_, i) => {
      const at = mode(i - pads[d], x.shape[d]);
      return at === undefined ? undefined : at * strides[d];
    })
  );
  spend(sizeOf(shape));
  const index = new Array<number>(rank).fill(0);
  for (let to = 0; to < y.length; to++) {
    let from: number | undefined = 0;
    for (let d = 0; d < rank && from !== undefined; d++) {
      const offset: number | undefined = offsets[d][index[d]];
      from = offset === undefined ? undefined : from + offset;
    }
    y[to] = from === undefined ? fill : x.data[from];
    for (let d = rank - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0;
  }
  return { type: x.type, shape, data: y };
}
