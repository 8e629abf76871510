import type { Graph, GraphNode } from "../run/graph_node.ts";
import type { Layer } from "../../layers/layer.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { OnnxTensor } from "../format/tensor.ts";
import { buildNet } from "./build.ts";
import { Chain } from "./chain.ts";
import { findLayer } from "./layers.ts";
import { cannotImport, isElementSource, symbolicInputs, symbolicOutputs } from "./symbolic.ts";

/** A model as layers that can be trained. */
export interface OnnxNet {
  /**
   * The net. Its layers are named `embedding`, `rnn`, `dense`, `activation` ...; further ones of a kind `dense2` ...
   */
  readonly layer: Layer;
  /** The parameters of the net, for `session.setParameters`. */
  readonly parameters: Map<string, TensorCopy>;
  /** The value for the option `batchFirst` of `compile` that gives inputs and outputs the layout of the model. */
  readonly batchFirst: boolean;
  /**
   * The function at the end of the model that is not in the net, as losses take its input: `session.probabilities` is
   * the softmax of a net's outputs.
   */
  readonly head: "softmax" | "logSoftmax" | undefined;
}

/**
 * The layers of a graph: embedding, one-hot, recurrent, dense, activation, layer normalisation, pooling and residual
 * layers. Each layer reads the output of the layer before it. Operators between two layers may move elements as long as
 * rows stay whole and in order.
 *
 * The first output of the graph must be the output of the last layer, or its softmax. Other outputs may be final
 * states. Initial states and lengths that are inputs of the model become options of a session's calls, masks of lengths
 * too. Casts between floats are passed over.
 *
 * @param nodes The nodes that depend on the inputs.
 * @param constants The tensors of the file, and the values computed from these tensors alone.
 * @throws {FormatError} When a node is something else; the message names the first such node.
 */
export function netOf(
  { inputs, outputs }: Graph,
  nodes: readonly GraphNode[],
  constants: ReadonlyMap<string, OnnxTensor>,
): OnnxNet {
  const values = symbolicInputs(inputs);
  const chain = new Chain();
  for (const [name, tensor] of constants) values.set(name, { tensor });
  for (const node of nodes) {
    const read = node.inputs.map((name) => name ? values.get(name) : undefined);
    const results = symbolicOutputs(node, read) ?? findLayer(chain, node, read);
    node.outputs.forEach((name, i) => name && results[i] && values.set(name, results[i]));
  }
  const [first, ...others] = outputs;
  const head = chain.finish(`the output "${first.name}"`, values.get(first.name));
  for (const { name } of others) {
    const value = values.get(name);
    if (isElementSource(value) && value.isState) continue;
    throw cannotImport(`the output "${name}"`, "it is neither the first output nor final states");
  }
  return { ...buildNet(chain.layers), batchFirst: chain.batchFirst, head: head?.name };
}
