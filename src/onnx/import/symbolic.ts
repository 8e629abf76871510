import type { GraphNode, OnnxValue } from "../run/graph_node.ts";
import { FormatError } from "../../errors.ts";
import { spend } from "../format/budget.ts";
import { allocate, isInteger, type OnnxElementType, type OnnxTensor, tensor } from "../format/tensor.ts";
import type { Compute } from "../run/operators/operator.ts";
import { OPERATORS } from "../run/operators/operators.ts";

/**
 * What is known of a value before the model runs. A value that depends only on constants and shapes is known as a
 * tensor. Of any other value the source of each element is known: its index in an input of the model or in the output
 * of a layer.
 *
 * Operators that only move elements run on these indices. Two ways to write the same movement therefore give the same
 * symbolic value.
 */
export type SymbolicValue = { readonly tensor: OnnxTensor } | ElementSource;

/** The source of each element of a value. */
export interface ElementSource {
  /** The name of the source: an input of the model, the output of a layer, or a cell state. */
  readonly source: string;
  /** In the shape of the value, for each element its row-major index in the source. */
  readonly indices: OnnxTensor;
  /** Whether the elements are integers, as token ids are. */
  readonly isInteger?: boolean;
  /** Whether the elements are the integers before numbers of the input. */
  readonly isTruncated?: boolean;
  /** Whether the value consists of final states. */
  readonly isState?: boolean;
  /** What the elements say of steps: whether they are within their rows. The indices are t B + b. */
  readonly isMask?: StepMask;
  /** How the steps behind the lengths of rows were replaced. */
  readonly padding?: Padding;
  /** The function at the end of a net that was passed over. */
  readonly head?: Head;
  /**
   * The sources of a concatenation of several values, as of stacked states. The index of an element from source k is
   * its index there plus k `SOURCE_STRIDE`. No layer reads such a value as rows.
   */
  readonly sources?: readonly string[];
}

/** A comparison of the numbers of steps with the lengths of rows. */
export interface StepMask {
  /** The source of the lengths. */
  readonly lengths: string;
  /** The number of rows. */
  readonly B: number;
  /** Whether elements are true within the rows; otherwise behind them. */
  readonly isWithin: boolean;
}

/** The replacement of the steps behind the lengths of rows. */
export interface Padding {
  readonly lengths: string;
  readonly value: number;
  /** For each element of the value, the index t B + b of its step. */
  readonly steps: OnnxTensor;
}

/** A function of the outputs of a net that losses apply themselves. */
export interface Head {
  readonly name: "softmax" | "logSoftmax";
  /** The number of elements over which it goes. */
  readonly width: number;
}

/** Larger than any index within one source. */
const SOURCE_STRIDE = 2 ** 40;

/** The error for a part of a model that no layer of the library corresponds to. */
export function cannotImport(label: string, reason: string): FormatError {
  return new FormatError(`Cannot make layers of an ONNX model: ${label} is not supported: ${reason}`);
}

/** A tensor of `shape` whose element i is f(i), by default i. */
export function indexTensor(shape: readonly number[], f: (i: number) => number = (i) => i): OnnxTensor {
  const data = allocate("int64", shape);
  for (let i = 0; i < data.length; i++) data[i] = f(i);
  return { type: "int64", shape, data };
}

/** Whether the elements' sources are known rather than the elements. */
export function isElementSource(value: SymbolicValue | undefined): value is ElementSource {
  return value !== undefined && "source" in value;
}

/** Whether a value has elements of one source, as they are there. */
export function isPlain(value: SymbolicValue | undefined): value is ElementSource {
  return isElementSource(value) && !value.isInteger && !value.isMask && !value.padding && !value.head;
}

/** Whether padding is so low that it is no maximum, and its exponential nothing. */
export function isLow({ value }: Padding): boolean {
  return value <= -1e4;
}

/** The elements of a constant that is the same row for all steps. */
export function rowVector(label: string, what: string, { shape, data }: OnnxTensor, width: number): Float32Array {
  if (data.length === width && (shape.at(-1) === width)) return Float32Array.from(data);
  throw cannotImport(label, `${what} must be a row of ${width} elements, got shape [${shape}]`);
}

/** The tensor of a constant value; undefined for any other value. */
export function constantOf(value: SymbolicValue | undefined): OnnxTensor | undefined {
  return value && "tensor" in value ? value.tensor : undefined;
}

/** The beginning of the sources that are inputs of the model. */
const INPUT = "input ";

/** Stand-ins for the extents that each call decides: small and pairwise different. */
const SIZES = [3, 2, 5, 7, 11, 13];

/** The inputs of a graph as symbolic values. Each extent that a call decides gets a size of its own. */
export function symbolicInputs(inputs: readonly OnnxValue[]): Map<string, SymbolicValue> {
  const sizes = new Map<string, number>();
  let count = 0;
  return new Map(inputs.map(({ name, type, shape }): [string, SymbolicValue] => {
    if (!shape) throw cannotImport(`the input "${name}"`, "it declares no shape");
    const extents = shape.map((extent, i) => {
      if (typeof extent === "number") return extent;
      const key = extent === "?" ? `${name} ${i}` : extent;
      if (!sizes.has(key)) sizes.set(key, SIZES[count++ % SIZES.length]);
      return sizes.get(key)!;
    });
    return [name, {
      source: `${INPUT}"${name}"`,
      indices: indexTensor(extents),
      isInteger: !/float|double/.test(type),
    }];
  }));
}

/**
 * The outputs of a node, computed from its symbolic inputs; undefined when they depend on the elements of an input.
 * Then the node has to be a layer.
 */
export function symbolicOutputs(
  node: GraphNode,
  inputs: readonly (SymbolicValue | undefined)[],
): SymbolicValue[] | undefined {
  const { operator, compute } = node;
  const [first, second] = inputs;
  if (!compute) return undefined;
  const constants = inputs.map(constantOf);
  if (inputs.every((input, i) => !input || constants[i])) return compute(constants).map((tensor) => ({ tensor }));
  const moved = inputs.filter(isElementSource);
  const indices = inputs.map((input) => isElementSource(input) ? input.indices : constantOf(input));
  if (operator === "Shape") return compute(indices).map((tensor) => ({ tensor }));
  if (operator === "Cast") {
    const [{ type, data }] = compute(indices);
    return isElementSource(first) ? castOf(first, type, data.every((x, i) => x === indices[0]!.data[i])) : undefined;
  }
  const joins = operator === "Concat";
  const oneSource = moved.every(({ source }) => source === moved[0].source);
  if (joins && moved.length === inputs.length && !oneSource) return concatenated(moved, compute);
  const movesAll = joins ? moved.length === inputs.length : moved.length === 1 && first === moved[0];
  if (!OPERATORS[operator].moves || !oneSource || !movesAll || (isElementSource(second) && !joins)) return undefined;
  const { padding } = moved[0];
  const steps = padding && compute([padding.steps, ...constants.slice(1)]);
  return compute(indices).map((result, i) =>
    singleSource({ ...moved[0], indices: result, ...(padding && { padding: { ...padding, steps: steps![i] } }) })
  );
}

/**
 * A value after a cast: numbers are the same in any type of floats, and integers as floats. Numbers of the input may
 * become integers, as tokens that an exporter declares as floats; nothing but an embedding reads such a value.
 *
 * @param isExact Whether the indices, which are integers, stay the same.
 */
function castOf(value: ElementSource, type: OnnxElementType, isExact: boolean): ElementSource[] | undefined {
  const { isInteger: isWhole, isMask, source } = value;
  if (isMask || type === "bool") return isMask && [value];
  if (!isInteger(type)) return [{ ...value, isInteger: false, isTruncated: false }];
  if (!isExact) return undefined;
  if (isWhole) return [value];
  return source.startsWith(INPUT) ? [{ ...value, isInteger: true, isTruncated: true }] : undefined;
}

/** The concatenation of values from several sources. */
function concatenated(values: readonly ElementSource[], compute: Compute): ElementSource[] {
  const all = values.flatMap((value) => value.sources ?? [value.source]);
  for (const { length } of all) spend(length);
  const sources = [...new Set(all)], places = new Map(sources.map((name, k) => [name, k]));
  const inputs = values.map(({ source, indices, sources: own = [source] }) => {
    const to = own.map((name) => places.get(name)!);
    const renumbered = indices.data.map((index) =>
      index % SOURCE_STRIDE + to[Math.floor(index / SOURCE_STRIDE)] * SOURCE_STRIDE
    );
    return tensor("int64", indices.shape, renumbered);
  });
  const isState = values.every((value) => value.isState);
  return compute(inputs).map((indices) => ({ source: sources.join(" and "), indices, sources, isState }));
}

/** A value as one of a single source, when all its elements come from one of the concatenated sources. */
function singleSource(value: ElementSource): ElementSource {
  const { sources, indices: { shape, data }, isState } = value;
  const k = Math.floor((data[0] ?? 0) / SOURCE_STRIDE);
  if (!sources || !data.every((index) => Math.floor(index / SOURCE_STRIDE) === k)) return value;
  const indices = tensor("int64", shape, data.map((index) => index - k * SOURCE_STRIDE));
  return { source: sources[k], indices, isState };
}
