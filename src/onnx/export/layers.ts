import type { LayerDescription } from "../../layers/description.ts";
import { activationNodes } from "./activation.ts";
import { type Rows, unwritten, type Writing } from "./context.ts";
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

/** y = x Wᵀ + b. */
function denseNodes({ graph, parameters }: Writing, prefix: string, x: Rows): Rows {
  const { shape: [output, input], data } = parameters.get(`${prefix}weight`)!, bias = parameters.get(`${prefix}bias`)!;
  const transposed = Float32Array.from(data, (_, i) => data[(i % output) * input + Math.floor(i / output)]);
  const product = graph.node("MatMul", [x.value, graph.constant(`${prefix}weight`, [input, output], transposed)]);
  const value = graph.node("Add", [product, graph.constant(`${prefix}bias`, bias.shape, bias.data)]);
  return { ...x, value, width: output };
}

/** One row of a sequence: the mean or the largest of its steps. What lies behind a row's length does not count. */
function poolNodes({ graph, lengths, mask: within }: Writing, how: "mean" | "max", x: Rows): Rows {
  const mask = within(), axes = { axes: [0], keepdims: 0 };
  const kept = (padding: number) => mask ? graph.node("Where", [mask, x.value, graph.number(padding)]) : x.value;
  if (how === "max") return { ...x, once: true, value: graph.node("ReduceMax", [kept(-Infinity)], axes) };
  if (!lengths) return { ...x, once: true, value: graph.node("ReduceMean", [x.value], axes) };
  const sum = graph.node("ReduceSum", [kept(0), graph.integers([0])], { keepdims: 0 });
  const count = graph.node("Unsqueeze", [graph.node("Cast", [lengths], { to: 1 }), graph.integers([1])]);
  return { ...x, once: true, value: graph.node("Div", [sum, count]) };
}

/** u = tanh(x Wᵀ + b), s = u v, a = softmax(s) over the steps of a row, y = sum of a x. */
function attentionNodes(writing: Writing, prefix: string, x: Rows): Rows {
  const { graph, parameters } = writing, query = parameters.get(`${prefix}query`)!, mask = writing.mask();
  const keys = graph.node("Tanh", [denseNodes(writing, prefix, x).value]), [hidden] = query.shape;
  const scores = graph.node("MatMul", [keys, graph.constant(`${prefix}query`, [hidden, 1], query.data)]); // [T, B, 1]
  const kept = mask ? graph.node("Where", [mask, scores, graph.number(-Infinity)]) : scores;
  const weighted = graph.node("Mul", [x.value, graph.node("Softmax", [kept], { axis: 0 })]);
  return { ...x, once: true, value: graph.node("ReduceSum", [weighted, graph.integers([0])], { keepdims: 0 }) };
}
