import { FormatError } from "../../errors.ts";
import type { GraphNode, OnnxValue } from "../run/graph.ts";
import type { Compute } from "../run/operators/operator.ts";
import { OPERATORS } from "../run/operators/operators.ts";
import { isInteger, type OnnxTensor, sizeOf, tensor } from "../format/tensor.ts";

/**
 * What is known of a value without its elements: the tensor, where it depends on nothing but constants and shapes; else where
 * each element comes from, its number among those of an input or of a layer's output. Operators that only move elements are
 * run on these numbers, so that any way of writing the same movement is the same.
 */
export type Trace = { readonly tensor: OnnxTensor } | Origin;

/** The numbers of a value's elements in what they come from. */
export interface Origin {
  /** What they come from. */
  readonly of: string;
  readonly numbers: OnnxTensor;
  /** Whether the elements themselves are whole numbers. */
  readonly integers?: boolean;
  /** Whether these are last states. */
  readonly states?: boolean;
  /**
   * Where they come from several values, as stacked states do, those: an element of value k has the number that it has
   * there and k times `APART`. No layer reads them as rows.
   */
  readonly joined?: readonly string[];
}

/** More than any number within a value. */
const APART = 2 ** 40;

/** The error of a node that is no layer of ours. */
export function noLayer(label: string, reason: string): FormatError {
  return new FormatError(`Cannot make layers of an ONNX model: ${label} is none of ours: ${reason}`);
}

/** Numbers 0, 1, 2, ... in a shape, or f of them. */
export function numbered(shape: readonly number[], f: (i: number) => number = (i) => i): OnnxTensor {
  return tensor("int64", shape, Float64Array.from({ length: sizeOf(shape) }, (_, i) => f(i)));
}

/** Extents for those that a call decides: small, and not the same. */
const SIZES = [3, 2, 5, 7, 11, 13];

/** The inputs of a graph, with sizes of their own for the extents that a call decides. */
export function traceInputs(inputs: readonly OnnxValue[]): Map<string, Trace> {
  const sizes = new Map<string, number>();
  let count = 0;
  return new Map(inputs.map(({ name, type, shape }): [string, Trace] => {
    if (!shape) throw noLayer(`the input "${name}"`, "it declares no shape");
    const extents = shape.map((extent, i) => {
      if (typeof extent === "number") return extent;
      const key = extent === "?" ? `${name} ${i}` : extent;
      if (!sizes.has(key)) sizes.set(key, SIZES[count++ % SIZES.length]);
      return sizes.get(key)!;
    });
    return [name, { of: `input "${name}"`, numbers: numbered(extents), integers: !/float|double/.test(type) }];
  }));
}

/** The outputs of a node that is run on what is known of its inputs; undefined: it is not known without elements. */
export function traceNode(node: GraphNode, inputs: readonly (Trace | undefined)[]): Trace[] | undefined {
  const { operator, compute } = node, [first, second] = inputs;
  if (!compute) return undefined;
  const known = inputs.map((input) => input && "tensor" in input ? input.tensor : undefined);
  if (inputs.every((input, i) => !input || known[i])) return compute(known).map((tensor) => ({ tensor }));
  const from = inputs.filter((input): input is Origin => input !== undefined && "of" in input);
  const numbers = inputs.map((input) => input && ("tensor" in input ? input.tensor : input.numbers));
  if (operator === "Shape") return compute(numbers).map((tensor) => ({ tensor }));
  if (operator === "Cast") {
    const [cast] = compute(numbers),
      kept = isInteger(cast.type) && cast.data.every((x, i) => x === numbers[0]!.data[i]);
    return first && "of" in first && first.integers && kept ? [first] : undefined;
  }
  if (operator === "Concat" && from.length === inputs.length && from.some(({ of }) => of !== from[0].of)) {
    return join(from, compute);
  }
  const together = from.every(({ of }) => of === from[0].of),
    all = operator === "Concat" ? from.length === inputs.length : from.length === 1 && first === from[0];
  if (!OPERATORS[operator].moves || !together || !all || (second && "of" in second && operator !== "Concat")) {
    return undefined;
  }
  return compute(numbers).map((numbers) => apart({ ...from[0], numbers }));
}

/** Elements of several values as one. */
function join(from: readonly Origin[], compute: Compute): Origin[] {
  const joined = [...new Set(from.flatMap(({ of, joined }) => joined ?? [of]))];
  const numbers = from.map(({ of, numbers, joined: own = [of] }) => {
    const to = own.map((source) => joined.indexOf(source));
    return tensor("int64", numbers.shape, numbers.data.map((n) => n % APART + to[Math.floor(n / APART)] * APART));
  });
  const states = from.every(({ states }) => states);
  return compute(numbers).map((numbers) => ({ of: joined.join(" and "), numbers, joined, states }));
}

/** What has come apart again: of all that were joined, the one that all elements are from. */
function apart(origin: Origin): Origin {
  const { joined, numbers: { shape, data } } = origin, k = Math.floor((data[0] ?? 0) / APART);
  if (!joined || !data.every((n) => Math.floor(n / APART) === k)) return origin;
  return { of: joined[k], numbers: tensor("int64", shape, data.map((n) => n - k * APART)), states: origin.states };
}
