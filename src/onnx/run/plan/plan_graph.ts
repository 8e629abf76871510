import type { ControlValues, Graph, GraphNode } from "../graph_node.ts";
import { ShapeError } from "../../../errors.ts";
import { allocate, type OnnxElementType, type OnnxTensor, sizeOf } from "../../format/tensor.ts";
import { runNamed } from "../graph.ts";
import { TENSORS } from "../interpreter.ts";
import { OPERATORS } from "../operators/operators.ts";
import type { RecurrentRunner } from "../recurrent_runner.ts";
import { Values } from "../values.ts";
import { cellsOf, cellTensor } from "./cells.ts";
import type { PlanBuilder } from "./plan_builder.ts";
import { inCells, isFloat, type PlanValue } from "./plan_value.ts";
import { planRecurrent, withoutElements } from "./recurrent_plan.ts";

/** A model has shapes or branches that depend on what a call computes, so that no plan is possible. */
export class NotPlanned extends Error {}

/** What a plan needs of the model. */
export interface PlanContext {
  readonly plan: PlanBuilder;
  /** The outputs of nodes that depend on constants alone, from earlier plans. */
  readonly folded: Map<GraphNode, readonly OnnxTensor[]>;
  /** What runs a recurrent node that cannot be planned. */
  runner(node: GraphNode): RecurrentRunner;
}

/**
 * Plans the nodes of a graph: those whose inputs are known are computed now, the graphs of an If, a Loop or a
 * Scan become part of the plan, and the others become steps.
 *
 * @param values The inputs; receives all values.
 * @throws {NotPlanned} When the shape of a value, or a branch, depends on what a call computes.
 * @throws {ShapeError} When shapes do not fit together.
 */
export function planGraph(
  context: PlanContext,
  { constants, nodes }: Pick<Graph, "constants" | "nodes">,
  values: Values<PlanValue>,
): void {
  for (const [name, tensor] of constants) values.set(name, fixedValue(tensor));
  for (const node of nodes) values.store(node.outputs, planNode(context, node, values));
}

/** A value of the file. */
export function fixedValue(known: OnnxTensor): PlanValue {
  return { type: known.type, shape: known.shape, known, fixed: true };
}

function planNode(
  context: PlanContext,
  node: GraphNode,
  values: Values<PlanValue>,
): readonly (PlanValue | undefined)[] {
  const inputs = values.all(node.inputs);
  context.plan.label = node.label;
  if (node.control) return runNamed(node.label, () => controlOutputs(context, node, inputs, values));
  if (node.recurrent) return runNamed(node.label, () => recurrentSteps(context, node, inputs));
  const folded = knownOutputs(context, node, inputs);
  if (folded) return folded;
  const isEmpty = inputs.some((input) => input && !sizeOf(input.shape));
  return runNamed(node.label, () => !isEmpty && planned(context, node, inputs)) || computed(context, node, inputs);
}

/** The outputs of an operator that runs graphs: the steps of each graph, as often as it runs. */
function controlOutputs(
  context: PlanContext,
  { control }: GraphNode,
  inputs: readonly (PlanValue | undefined)[],
  values: Values<PlanValue>,
): readonly (PlanValue | undefined)[] {
  const runs = control!.run(inputs, placesOf(context.plan));
  let next = runs.next();
  while (!next.done) {
    const { graph, inputs } = next.value, inner = new Values(values);
    inner.store(graph.inputs, inputs);
    planGraph(context, graph, inner);
    next = runs.next(inner.all(graph.outputs) as PlanValue[]);
  }
  return next.value;
}

/** What operators with graphs do with the places of values. */
function placesOf(plan: PlanBuilder): ControlValues<PlanValue> {
  const { part, stack } = TENSORS;
  /** Runs f on known tensors, or on the cells of floats. */
  const move = (values: readonly PlanValue[], f: (tensors: OnnxTensor[]) => OnnxTensor): PlanValue => {
    if (values.every(({ known }) => known)) {
      const known = f(values.map(({ known }) => known!));
      return { type: known.type, shape: known.shape, known };
    }
    if (!values.every(isFloat)) throw new NotPlanned();
    const moved = f(values.map((value) => cellTensor(plan.cellsOf(value), value.shape)));
    return inCells(moved.shape, cellsOf(moved));
  };
  return {
    first({ known }) {
      if (!known) throw new NotPlanned();
      return known.data[0];
    },
    known: (known) => ({ type: known.type, shape: known.shape, known }),
    shape: ({ shape }) => shape,
    part: (value, axis, at) => move([value], ([x]) => part(x, axis, at)),
    stack: (values, axis) => move(values, (tensors) => stack(tensors, axis)),
  };
}

/** The outputs of a node that are the same in every call. */
function knownOutputs(
  { folded }: PlanContext,
  node: GraphNode,
  inputs: readonly (PlanValue | undefined)[],
): PlanValue[] | undefined {
  const { readsShape } = OPERATORS[node.operator];
  if (!readsShape && inputs.some((input) => input && !input.known)) return undefined;
  const fixed = inputs.every((input) => !input || input.fixed), stored = fixed && folded.get(node);
  const tensors = stored || node.compute!(inputs.map((input) => input && (input.known ?? withoutElements(input))));
  if (fixed) folded.set(node, tensors);
  return tensors.map((known) => ({ type: known.type, shape: known.shape, known, fixed }));
}

/** The outputs of a node as new cells of its inputs, or by the operator's own plan. */
function planned(
  { plan }: PlanContext,
  node: GraphNode,
  inputs: readonly (PlanValue | undefined)[],
): PlanValue[] | undefined {
  return moved(plan, node, inputs) ?? node.plan?.(plan, inputs);
}

/** The outputs of an operator that only moves elements: it runs once, on the numbers of the cells. */
function moved(
  plan: PlanBuilder,
  { operator, compute }: GraphNode,
  inputs: readonly (PlanValue | undefined)[],
): PlanValue[] | undefined {
  const { moves, fills } = OPERATORS[operator];
  const isMovement = (moves || fills) && inputs.every((input) => !input || input.known || isFloat(input));
  if (!isMovement) return undefined;
  const cells = inputs.map((input) => isFloat(input) ? cellTensor(plan.cellsOf(input), input.shape) : undefined);
  const outputs = compute!(inputs.map((input, i) => cells[i] ?? input?.known));
  return outputs.map((output) => {
    const same = cells.findIndex((tensor) => tensor?.data === output.data);
    return inCells(output.shape, same < 0 ? cellsOf(output) : plan.cellsOf(inputs[same]!));
  });
}

/** A step that computes the outputs of a node as they are computed without a plan. */
function computed(context: PlanContext, node: GraphNode, inputs: readonly (PlanValue | undefined)[]): PlanValue[] {
  const { shapedBy = Infinity } = OPERATORS[node.operator], compute = node.compute!;
  if (inputs.some((input, i) => i >= shapedBy && input && !input.known)) throw new NotPlanned();
  // Shapes depend on nothing else, so any elements show them.
  const outputs = compute(inputs.map((input) => input && (input.known ?? zeros(input))));
  return context.plan.compute(inputs, outputs, compute);
}

function zeros({ type, shape }: PlanValue): OnnxTensor {
  return { type, shape, data: allocate(type, shape) };
}

function recurrentSteps(
  { plan, runner }: PlanContext,
  node: GraphNode,
  inputs: readonly (PlanValue | undefined)[],
): PlanValue[] {
  const steps = planRecurrent(plan, node, inputs);
  if (steps) return steps;
  const { batchFirst, operator, directions: { length: D } } = node.recurrent!, [X, , R] = inputs;
  if (!X || !R) throw new ShapeError("X or R is missing");
  const [T, B] = batchFirst ? [X.shape[1], X.shape[0]] : X.shape, H = R.shape[2], { type } = X;
  const output = (shape: number[]): { type: OnnxElementType; shape: number[] } => ({ type, shape });
  const state = output(batchFirst ? [B, D, H] : [D, B, H]);
  const outputs = [output(batchFirst ? [B, T, D, H] : [T, D, B, H]), state, ...(operator === "LSTM" ? [state] : [])];
  const run = runner(node);
  return plan.compute(inputs, outputs, (tensors) => run.run(tensors));
}
