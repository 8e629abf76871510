import type { Layer } from "../../layers/layer.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import { assemble } from "./build.ts";
import { Chain } from "./chain.ts";
import { findLayer } from "./layers.ts";
import type { Graph, GraphNode } from "../run/graph.ts";
import type { OnnxTensor } from "../format/tensor.ts";
import { noLayer, type Trace, traceInputs, traceNode } from "./symbolic.ts";

/** A model as layers that can be trained. */
export interface OnnxNet {
  /** Layers named `embedding`, `rnn`, `dense`, `activation` ..., with a number where there are several of a kind. */
  readonly layer: Layer;
  /** Its parameters, for `session.setParameters`. */
  readonly parameters: Map<string, TensorCopy>;
  /** The option `batchFirst` of `compile` with which inputs and outputs are as the model has them. */
  readonly batchFirst: boolean;
}

/**
 * The layers of a graph: embedding, one-hot, recurrent, dense, activation, layer normalisation, pooling and what is added
 * to its input, each reading the one before it, and any movement of elements in between that leaves them in place. Its first output must be the last layer's; others may be last states. Initial states and
 * lengths that are inputs of the model are options of a session's calls.
 *
 * @throws {FormatError} With the first node that is something else.
 */
export function netOf(
  { inputs, outputs }: Graph,
  nodes: readonly GraphNode[],
  constants: ReadonlyMap<string, OnnxTensor>,
): OnnxNet {
  const values = traceInputs(inputs), chain = new Chain();
  for (const [name, tensor] of constants) values.set(name, { tensor });
  for (const node of nodes) {
    const traces = node.inputs.map((name): Trace | undefined => name ? values.get(name) : undefined);
    const found = traceNode(node, traces) ?? findLayer(chain, node, traces);
    node.outputs.forEach((name, i) => name && found[i] && values.set(name, found[i]));
  }
  const [first, ...others] = outputs;
  chain.finish(`the output "${first.name}"`, values.get(first.name));
  for (const { name } of others) {
    const value = values.get(name)!;
    if ("tensor" in value || !value.states) {
      throw noLayer(`the output "${name}"`, "it is neither the first nor last states");
    }
  }
  return { ...assemble(chain.parts), batchFirst: chain.batchFirst };
}
