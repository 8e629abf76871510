import type { Budget } from "../../formats/limits.ts";
import { within } from "../format/budget.ts";
import type { OnnxTensor } from "../format/tensor.ts";
import { type Graph, type GraphNode, withNodeName } from "./graph.ts";
import type { RecurrentRunner } from "./recurrent_runner.ts";
import { Values } from "./values.ts";

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
    const inputs = values.all(node.inputs), { compute, branches } = node;
    if (branches) {
      const branch = branches[inputs[0]?.data[0] ? 0 : 1], inner = new Values(values);
      await interpret(branch, inner, budget, runner);
      values.store(node.outputs, inner.all(branch.outputs));
    } else if (compute) values.store(node.outputs, within(budget, () => compute(inputs)));
    else {
      try {
        values.store(node.outputs, await runner(node).run(inputs, budget));
      } catch (error) {
        throw withNodeName(node.label, error);
      }
    }
  }
}
