import type { ControlValues, Graph, GraphNode } from "./graph_node.ts";
import type { Budget } from "../../formats/limits.ts";
import { within } from "../format/budget.ts";
import { type OnnxTensor, tensor } from "../format/tensor.ts";
import { withNodeName } from "./graph.ts";
import { concatenated, gathered } from "./operators/movement.ts";
import { reshaped } from "./operators/strides.ts";
import type { RecurrentRunner } from "./recurrent_runner.ts";
import { Values } from "./values.ts";

/** What operators with graphs do with tensors. */
export const TENSORS: ControlValues<OnnxTensor> = {
  first: ({ data }) => data[0],
  known: (known) => known,
  shape: ({ shape }) => shape,
  part: (x, axis, at) => gathered(x, tensor("int64", [], [at]), axis),
  stack(tensors, axis) {
    const { shape } = tensors[0], at = axis < 0 ? axis + shape.length + 1 : axis;
    return concatenated(tensors.map((x) => reshaped(x, x.shape.toSpliced(at, 0, 1))), at);
  },
};

/**
 * Runs the nodes of a graph one after the other, without a plan.
 *
 * @param values The inputs; receives all values.
 * @param runner What runs a recurrent node.
 */
export async function interpret(
  { constants, nodes }: Pick<Graph, "constants" | "nodes">,
  values: Values<OnnxTensor>,
  budget: Budget,
  runner: (node: GraphNode) => RecurrentRunner,
): Promise<void> {
  for (const [name, tensor] of constants) values.set(name, tensor);
  for (const node of nodes) {
    const inputs = values.all(node.inputs), { compute, control } = node;
    try {
      if (compute) values.store(node.outputs, within(budget, () => compute(inputs)));
      else if (control) {
        const runs = control.run(inputs, TENSORS);
        let next = within(budget, () => runs.next());
        while (!next.done) {
          const { graph, inputs } = next.value, inner = new Values(values);
          inner.store(graph.inputs, inputs);
          await interpret(graph, inner, budget, runner);
          next = within(budget, () => runs.next(inner.all(graph.outputs) as OnnxTensor[]));
        }
        values.store(node.outputs, next.value);
      } else values.store(node.outputs, await runner(node).run(inputs, budget));
    } catch (error) {
      throw withNodeName(node.label, error);
    }
  }
}
