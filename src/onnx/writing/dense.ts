import type { Rows, Writing } from "./flow.ts";

/** y = x Wᵀ + b. */
export function denseNodes({ graph, parameters }: Writing, prefix: string, x: Rows): Rows {
  const { shape: [output, input], data } = parameters.get(`${prefix}weight`)!, bias = parameters.get(`${prefix}bias`)!;
  const transposed = Float32Array.from(data, (_, i) => data[(i % output) * input + Math.floor(i / output)]);
  const product = graph.node("MatMul", [x.value, graph.constant(`${prefix}weight`, [input, output], transposed)]);
  const value = graph.node("Add", [product, graph.constant(`${prefix}bias`, bias.shape, bias.data)]);
  return { ...x, value, width: output };
}
