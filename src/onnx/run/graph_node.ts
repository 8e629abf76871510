import type { Attributes } from "../format/attributes.ts";
import type { OnnxElementType, OnnxTensor } from "../format/tensor.ts";
import type { Compute } from "./operators/operator.ts";
import type { PlanRule } from "./plan/plan_rule.ts";
import type { RecurrentNode } from "./recurrent_node.ts";

/** An input or output of a model. */
export interface OnnxValue {
  /** The name. */
  readonly name: string;
  /** The element type. */
  readonly type: OnnxElementType;
  /**
   * The extent of each dimension: a number, the name of an extent that each call decides, or `"?"` for one without a
   * name. Undefined: any shape.
   */
  readonly shape: readonly (number | string)[] | undefined;
}

/** A node: `compute`, `recurrent` or `control` says how it runs. */
export interface GraphNode {
  /** The name of the node in errors. */
  readonly label: string;
  readonly operator: string;
  /** The version of the operator set. */
  readonly opset: number;
  /** The names of the inputs; `""` for an absent optional input. */
  readonly inputs: readonly string[];
  /** The names of the outputs; `""` for an output that nobody reads. */
  readonly outputs: readonly string[];
  /** Computes the outputs of an operator that is not recurrent. */
  readonly compute?: Compute;
  /** How the operator runs in a plan. Default: by `compute`. */
  readonly plan?: PlanRule;
  /** The description of a recurrent operator. */
  readonly recurrent?: RecurrentNode;
  /** The description of an operator that runs graphs inside of it, which read values of the graph around them. */
  readonly control?: Control;
  /** The attributes, all unread. */
  attributes(): Attributes;
}

/** A graph inside a node: its own constants and nodes, and the names of its inputs and outputs. */
export interface Subgraph extends Pick<Graph, "constants" | "nodes"> {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The values of the graphs around it that it reads. */
  readonly captures: readonly string[];
}

/** A model as data. Nodes are in an order in which they can run. Nodes that no output needs are left out. */
export interface Graph {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly nodes: readonly GraphNode[];
}

/** An operator that runs graphs inside of it. */
export interface Control {
  /** If: the graph for a true condition and the other one. Scan and Loop: the body. */
  readonly graphs: readonly Subgraph[];
  /** The inputs whose elements decide what runs. */
  readonly decidedBy: readonly number[];
  /** Whether the first output of a graph decides whether it runs again. */
  readonly repeats: boolean;
  /** Runs the operator: gives the graphs to run, each with its inputs, and receives their outputs. */
  run<V>(inputs: readonly (V | undefined)[], values: ControlValues<V>): Generator<Run<V>, V[], V[]>;
}

/** A graph to run. */
export interface Run<V> {
  readonly graph: Subgraph;
  readonly inputs: readonly (V | undefined)[];
}

/** What the operators do with values: in a call with tensors, in a plan with their places. */
export interface ControlValues<V> {
  /** The first element. In a plan it must be known. */
  first(value: V): number;
  known(tensor: OnnxTensor): V;
  shape(value: V): readonly number[];
  /** The part of a value at a place of an axis, without that axis. */
  part(value: V, axis: number, at: number): V;
  /** Values along a new axis. */
  stack(values: readonly V[], axis: number): V;
}
