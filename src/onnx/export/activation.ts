import type { NamedActivation } from "../../ops/activation.ts";
import type { GraphWriter } from "./graph_writer.ts";

/** The name of a nonlinearity in ONNX's recurrent operators. The identity is `Affine` with alpha 1 and beta 0. */
export function activationName({ name }: NamedActivation): string {
  return name === "identity" ? "Affine" : name[0].toUpperCase() + name.slice(1);
}

/** Writes a nonlinearity of x. `affine` and `scaledTanh`, which have no operator of their own, become several nodes. */
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
