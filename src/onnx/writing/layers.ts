import type { LayerDescription } from "../../layers/description.ts";
import { activationNodes } from "./activation.ts";
import { denseNodes } from "./dense.ts";
import { type Rows, unwritten, type Writing } from "./flow.ts";
import { attentionNodes, poolNodes } from "./pooling.ts";
import { recurrentNodes } from "./recurrent.ts";

/**
 * Writes a layer: nodes that read x and give what the layer gives.
 *
 * @param prefix What is before the layer's own names in those of its tensors.
 * @param label What errors call it.
 * @throws {OptionError} When it has no description, or ONNX nothing that computes the same.
 */
export function layerNodes(
  writing: Writing,
  description: LayerDescription | undefined,
  prefix: string,
  label: string,
  x: Rows,
): Rows {
  const { graph } = writing;
  if (!description) {
    throw unwritten(label, 'has no "description" to write it by, as layers of your own and encoder-decoders have none');
  }
  switch (description.kind) {
    case "embedding": {
      const { shape, data } = writing.parameters.get(`${prefix}weight`)!;
      const weight = graph.constant(`${prefix}weight`, shape, data);
      return { ...x, value: graph.node("Gather", [weight, x.value]), width: shape[1] };
    }
    case "oneHot": {
      const values = graph.constant("off and on", [2], [0, 1]);
      return { ...x, value: graph.node("OneHot", [x.value, graph.integers(x.width), values], { axis: -1 }) };
    }
    case "dense":
      return denseNodes(writing, prefix, x);
    case "dropout":
      return x;
    case "activation":
      return { ...x, value: activationNodes(graph, description.f, x.value) };
    case "layerNorm": {
      const [weight, bias] = ["weight", "bias"].map((name) => {
        const { shape, data } = writing.parameters.get(prefix + name)!;
        return graph.constant(prefix + name, shape, data);
      });
      const epsilon = { real: description.epsilon };
      return { ...x, value: graph.node("LayerNormalization", [x.value, weight, bias], { axis: -1, epsilon }) };
    }
    case "residual": {
      const y = layerNodes(writing, description.layer, prefix, `${label}, inside of residual`, x);
      return { ...y, value: graph.node("Add", [x.value, y.value]) };
    }
    case "pool":
      return poolNodes(writing, description.how, x);
    case "attentionPool":
      return attentionNodes(writing, prefix, x);
    case "recurrent":
      return recurrentNodes(writing, description, prefix, label, x);
    case "stacked":
      return description.layers.reduce(
        (rows, [own, name, layer]) => layerNodes(writing, layer, prefix + own, prefix + name, rows),
        x,
      );
  }
}
