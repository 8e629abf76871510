import type { PlanRule } from "../plan/plan_rule.ts";
import { ShapeError } from "../../../errors.ts";
import type { Attributes } from "../../format/attributes.ts";
import { spend } from "../../format/budget.ts";
import type { Inputs, OnnxTensor } from "../../format/tensor.ts";

/** Computes the outputs of a node, in order, from its inputs. */
export type Compute = (inputs: Inputs) => OnnxTensor[];

/** A node as an operator sees it. */
export interface NodeContext {
  readonly attributes: Attributes;
  /** The version of the operator set. */
  readonly opset: number;
  /** The number of outputs. */
  readonly outputs: number;
}

/** An operator. */
export interface Operator {
  /** Reads the attributes of a node, once, and returns the computation of the node. */
  readonly prepare: (node: NodeContext) => Compute;
  /**
   * How a node runs in a plan, when its inputs are of the types and shapes that this can plan. Default: as `prepare`
   * says.
   */
  readonly plan?: (node: NodeContext) => PlanRule;
  /**
   * Whether the outputs depend on the shape of the input alone.
   *
   * @default false
   */
  readonly readsShape?: true;
  /**
   * The shape of the output depends on the elements of the inputs from this one on, not only on their shapes.
   *
   * @default Infinity
   */
  readonly shapedBy?: number;
  /**
   * Whether the operator only moves elements of its first input (Concat: of all inputs).
   *
   * @default false
   */
  readonly moves?: true;
  /**
   * Whether each element of the outputs is an element of an input of floats, or 0.
   *
   * @default {moves}
   */
  readonly fills?: true;
}

/**
 * A mandatory input.
 *
 * @throws {ShapeError} When the input is absent.
 */
export function required(inputs: Inputs, index: number): OnnxTensor {
  const input = inputs[index];
  if (input) return input;
  throw new ShapeError(`input ${index} is missing`);
}

/** The elements of an optional input that is a list of integers. */
export function integersOf(inputs: Inputs, index: number): number[] | undefined {
  const input = inputs[index];
  if (!input) return undefined;
  spend(input.data.length);
  return [...input.data];
}

/**
 * An axis counted from the front; negative axes count from the end.
 *
 * @throws {ShapeError} When a tensor with `rank` dimensions has no such axis.
 */
export function axisOf(axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new ShapeError(`an axis of a tensor with ${rank} dimensions must be from ${-rank} to ${rank - 1}, got ${axis}`);
}
