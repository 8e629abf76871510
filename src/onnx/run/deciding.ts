import type { Graph, GraphNode } from "./graph_node.ts";
import { isInteger } from "../format/tensor.ts";
import { OPERATORS } from "./operators/operators.ts";

/**
 * The inputs of integers whose elements decide a branch or a shape: each set of such elements has a plan of its own.
 */
export function decidingInputs({ inputs, nodes }: Graph): string[] {
  const needed = new Set<string>();
  visit(nodes, needed);
  return inputs.filter(({ name, type }) => isInteger(type) && needed.has(name)).map(({ name }) => name);
}

/** Adds the names of the values that decide something, from the last node to the first. */
function visit(nodes: readonly GraphNode[], needed: Set<string>): void {
  for (const { operator, inputs, outputs, control, recurrent } of nodes.toReversed()) {
    let decides = outputs.some((name) => needed.has(name));
    if (control) {
      for (const graph of control.graphs) {
        if (decides) graph.outputs.forEach((name) => needed.add(name));
        if (control.repeats) needed.add(graph.outputs[0]);
        visit(graph.nodes, needed);
        decides ||= graph.inputs.some((name) => needed.has(name));
      }
      inputs.forEach((name, i) => (decides || control.decidedBy.includes(i)) && needed.add(name));
      continue;
    }
    const { shapedBy = Infinity, readsShape } = recurrent ? {} : OPERATORS[operator];
    inputs.forEach((name, i) => {
      if (!readsShape && (decides || i >= shapedBy)) needed.add(name);
    });
  }
}
