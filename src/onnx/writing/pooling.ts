import { denseNodes } from "./dense.ts";
import type { Rows, Writing } from "./flow.ts";

/** One row of a sequence: the mean or the largest of its steps. What lies behind a row's length does not count. */
export function poolNodes({ graph, lengths, mask: within }: Writing, how: "mean" | "max", x: Rows): Rows {
  const mask = within(), axes = { axes: [0], keepdims: 0 };
  const kept = (padding: number) => mask ? graph.node("Where", [mask, x.value, graph.number(padding)]) : x.value;
  if (how === "max") return { ...x, once: true, value: graph.node("ReduceMax", [kept(-Infinity)], axes) };
  if (!lengths) return { ...x, once: true, value: graph.node("ReduceMean", [x.value], axes) };
  const sum = graph.node("ReduceSum", [kept(0), graph.integers([0])], { keepdims: 0 });
  const count = graph.node("Unsqueeze", [graph.node("Cast", [lengths], { to: 1 }), graph.integers([1])]);
  return { ...x, once: true, value: graph.node("Div", [sum, count]) };
}

/** u = tanh(x Wᵀ + b), s = u v, a = softmax(s) over the steps of a row, y = sum of a x. */
export function attentionNodes(writing: Writing, prefix: string, x: Rows): Rows {
  const { graph, parameters } = writing, query = parameters.get(`${prefix}query`)!, mask = writing.mask();
  const keys = graph.node("Tanh", [denseNodes(writing, prefix, x).value]), [hidden] = query.shape;
  const scores = graph.node("MatMul", [keys, graph.constant(`${prefix}query`, [hidden, 1], query.data)]); // [T, B, 1]
  const kept = mask ? graph.node("Where", [mask, scores, graph.number(-Infinity)]) : scores;
  const weighted = graph.node("Mul", [x.value, graph.node("Softmax", [kept], { axis: 0 })]);
  return { ...x, once: true, value: graph.node("ReduceSum", [weighted, graph.integers([0])], { keepdims: 0 }) };
}
