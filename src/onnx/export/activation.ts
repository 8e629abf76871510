import type { NamedActivation } from "../../ops/activation.ts";
import type { GraphWriter } from "./graph_writer.ts";

/** ONNX's name of a nonlinearity in its recurrent operators; `Affine` with its defaults is the identity. */
export function activationName({ name }: NamedActivation): string {
  return name === "identity" ? "Affine" : name[0].toUpperCase() + name.slice(1);
}

/** A nonlinearity of x. Those of the recurrent operators that are no operators of their own are composed. */
export function activationNodes(graph: GraphWriter, f: NamedActivation, x: string): string {
  const { name, alpha = 1, beta = 0 } = f;
  const multiply = (x: string, by: number) => graph.node("Mul", [x, graph.number(by)]);
  switch (name) {
    case "identity":
      return x;
    case "affine":
      return graph.node("Add", [multiply(x, alpha), graph.number(beta)]);
    case "scaledTanh":
      return multiply(graph.node("Tanh", [multiply(x, beta)]), alpha);
    case "hardSigmoid":
      return graph.node("HardSigmoid", [x], { alpha: { real: alpha }, beta: { real: beta } });
    case "leakyRelu":
    case "thresholdedRelu":
    case "elu":
      return graph.node(activationName(f), [x], { alpha: { real: alpha } });
    default:
      return graph.node(activationName(f), [x]);
  }
}
