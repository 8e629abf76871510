import { ShapeError } from "../../../errors.ts";
import type { Attributes } from "../../format/attributes.ts";
import type { OnnxTensor } from "../../format/tensor.ts";

/** Inputs of a node in order; undefined: an optional one that is not there. */
export type Inputs = readonly (OnnxTensor | undefined)[];

/** What a node computes from its inputs: its outputs in order. */
export type Compute = (inputs: Inputs) => OnnxTensor[];

/** Where a node is: its attributes, the version of the operators, and how many outputs it has. */
export interface NodeContext {
  readonly attributes: Attributes;
  readonly opset: number;
  readonly outputs: number;
}

/** An operator: reads the attributes once and gives what the node computes. */
export interface Operator {
  /** The operator's way of reading a node. */
  readonly prepare: (context: NodeContext) => Compute;
  /**
   * The inputs whose elements, not only their shapes, the output's shape depends on, from this one on. Default: none.
   */
  readonly shapedBy?: number;
  /** Whether the output has the elements of the first input (of all, for Concat), only elsewhere. Default false. */
  readonly moves?: true;
}

/** An input that must be there. */
export function required(inputs: Inputs, index: number): OnnxTensor {
  const input = inputs[index];
  if (input) return input;
  throw new ShapeError(`input ${index} is missing`);
}

/** The elements of an optional list of whole numbers. */
export function integersOf(inputs: Inputs, index: number): number[] | undefined {
  return inputs[index] && [...inputs[index].data];
}

/** An axis counted from the front. */
export function axisOf(axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new ShapeError(`an axis of a tensor with ${rank} dimensions must be from ${-rank} to ${rank - 1}, got ${axis}`);
}
