import type { LayerDescription } from "../../layers/description.ts";
import { activationNodes } from "./activation.ts";
import { cannotWrite, type ExportContext, type ExportValue } from "./context.ts";
import { recurrentNodes } from "./recurrent.ts";

/**
 * Writes a layer: the nodes that compute the layer's output from x.
 *
 * @param prefix The beginning of the layer's tensor names in the net.
 * @param label The name of the layer in errors.
 * @throws {OptionError} When the layer has no description, or ONNX has no operators that compute the same.
 */
export function layerNodes(
  context: ExportContext,
  description: LayerDescription | undefined,
  prefix: string,
  label: string,
  x: ExportValue,
): ExportValue {
  const { graph, parameters } = context;
  if (!description) {
    throw cannotWrite(label, 'has no "description": custom layers and encoder-decoders cannot be written');
  }
  switch (description.kind) {
    case "embedding": {
      const { shape, data } = parameters.get(`${prefix}weight`)!;
      const weight = graph.constant(`${prefix}weight`, shape, data);
      return { ...x, name: graph.node("Gather", [weight, x.name]), width: shape[1] };
    }
    case "oneHot": {
      const values = graph.constant("off and on", [2], [0, 1]);
      return { ...x, name: graph.node("OneHot", [x.name, graph.integers(x.width), values], { axis: -1 }) };
    }
    case "dense":
      return denseNodes(context, prefix, x);
    case "dropout":
      return x;
    case "activation":
      return { ...x, name: activationNodes(graph, description.f, x.name) };
    case "layerNorm": {
      const [weight, bias] = ["weight", "bias"].map((name) => {
        const { shape, data } = parameters.get(prefix + name)!;
        return graph.constant(prefix + name, shape, data);
      });
      const epsilon = { real: description.epsilon };
      return { ...x, name: graph.node("LayerNormalization", [x.name, weight, bias], { axis: -1, epsilon }) };
    }
    case "residual": {
      const y = layerNodes(context, description.layer, prefix, `${label}, inside of residual`, x);
      return { ...y, name: graph.node("Add", [x.name, y.name]) };
    }
    case "pool":
      return poolNodes(context, description.how, x);
    case "attentionPool":
      return attentionNodes(context, prefix, x);
    case "recurrent":
      return recurrentNodes(context, description, prefix, label, x);
    case "stacked":
      return description.layers.reduce(
        (below, [own, name, layer]) => layerNodes(context, layer, prefix + own, prefix + name, below),
        x,
      );
  }
}

/** y = x Wᵀ + b. */
function denseNodes({ graph, parameters }: ExportContext, prefix: string, x: ExportValue): ExportValue {
  const { shape: [output, input], data } = parameters.get(`${prefix}weight`)!;
  const bias = parameters.get(`${prefix}bias`)!;
  const transposed = Float32Array.from(data, (_, i) => data[(i % output) * input + Math.floor(i / output)]);
  const product = graph.node("MatMul", [x.name, graph.constant(`${prefix}weight`, [input, output], transposed)]);
  const name = graph.node("Add", [product, graph.constant(`${prefix}bias`, bias.shape, bias.data)]);
  return { ...x, name, width: output };
}

/** The mean or the maximum over the steps of each row, without the steps behind the row's length. */
function poolNodes(context: ExportContext, how: "mean" | "max", x: ExportValue): ExportValue {
  const { graph, lengths } = context;
  const mask = context.mask();
  const axes = { axes: [0], keepdims: 0 };
  const masked = (padding: number) => mask ? graph.node("Where", [mask, x.name, graph.number(padding)]) : x.name;
  const pooled = (name: string): ExportValue => ({ ...x, steps: "one", name });
  if (how === "max") return pooled(graph.node("ReduceMax", [masked(-Infinity)], axes));
  if (!lengths) return pooled(graph.node("ReduceMean", [x.name], axes));
  const sum = graph.node("ReduceSum", [masked(0), graph.integers([0])], { keepdims: 0 });
  const count = graph.node("Unsqueeze", [graph.node("Cast", [lengths], { to: 1 }), graph.integers([1])]);
  return pooled(graph.node("Div", [sum, count]));
}

/** u = tanh(x Wᵀ + b), s = u v, a = softmax(s) over the steps of a row, y = the sum of a x over the steps. */
function attentionNodes(context: ExportContext, prefix: string, x: ExportValue): ExportValue {
  const { graph, parameters } = context;
  const query = parameters.get(`${prefix}query`)!;
  const [hidden] = query.shape;
  const mask = context.mask();
  const keys = graph.node("Tanh", [denseNodes(context, prefix, x).name]);
  const scores = graph.node("MatMul", [keys, graph.constant(`${prefix}query`, [hidden, 1], query.data)]); // [T, B, 1]
  const masked = mask ? graph.node("Where", [mask, scores, graph.number(-Infinity)]) : scores;
  const weighted = graph.node("Mul", [x.name, graph.node("Softmax", [masked], { axis: 0 })]);
  return { ...x, steps: "one", name: graph.node("ReduceSum", [weighted, graph.integers([0])], { keepdims: 0 }) };
}
