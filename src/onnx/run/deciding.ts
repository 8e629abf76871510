import { isInteger } from "../format/tensor.ts";
import type { Graph, GraphNode } from "./graph.ts";
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
  for (const { operator, inputs, outputs, branches, recurrent } of nodes.toReversed()) {
    const decides = outputs.some((name) => needed.has(name));
    if (branches) {
      needed.add(inputs[0]);
      for (const branch of branches) {
        if (decides) branch.outputs.forEach((name) => needed.add(name));
        visit(branch.nodes, needed);
      }
      continue;
    }
    const { shapedBy = Infinity, readsShape } = recurrent ? {} : OPERATORS[operator];
    inputs.forEach((name, i) => {
      if (!readsShape && (decides || i >= shapedBy)) needed.add(name);
    });
  }
}
