import type { RecurrentDescription } from "../../layers/description.ts";
import type { Merge } from "../../ops/merge.ts";
import { type Rows, unwritten, type Writing } from "./context.ts";
import type { GraphWriter } from "./graph_writer.ts";
import { operatorAttributes, type OperatorForm, operatorForm, operatorTensors } from "./recurrent_operator.ts";

/** One layer of a stack: what its two directions have in common. */
interface Level {
  readonly form: OperatorForm;
  /** What is before the names of its tensors, and what is behind them in each direction. */
  readonly prefix: string;
  readonly suffixes: readonly string[];
  readonly H: number;
}

/** A stack of RNN, GRU or LSTM nodes, their directions merged. */
export function recurrentNodes(
  writing: Writing,
  description: RecurrentDescription,
  prefix: string,
  label: string,
  x: Rows,
): Rows {
  const { cell, hidden, layers = 1, merge = "concat", initialStates, output } = description, { graph } = writing;
  if (!cell) {
    throw unwritten(
      label,
      'unrolls a cell that has no "description", being one of your own or with attention: ONNX has no operator for it',
    );
  }
  const form = operatorForm(cell);
  if (!form) throw unwritten(label, `unrolls the cell "${cell.kind}", for which ONNX has no operator`);
  const projected = cell.kind === "lstm" && cell.projection !== undefined;
  if (projected && (writing.states || initialStates === "learned")) {
    throw unwritten(label, "projects its output, which ONNX's LSTM does not: it can only start from zeros");
  }
  const sizes = typeof hidden === "number" ? Array<number>(layers).fill(hidden) : hidden;
  return sizes.reduce((below, H, l): Rows => {
    const top = l + 1 === sizes.length,
      suffixes = description.bidirectional ? [`_l${l}`, `_l${l}_reverse`] : [`_l${l}`];
    const level = { form, prefix, suffixes, H }, once = top && output === "last";
    const states = initialStates === "learned" && !writing.states ? learnedStates : givenStates;
    const [Y, ...ends] = operatorNode(writing, level, below, states(writing, level));
    const h = once ? ends[0] : Y, width = projected ? cell.projection! : H;
    const projection = projected &&
      suffixes.flatMap((suffix) => [...transposedProjection(writing, prefix + "weight_hr" + suffix)]);
    const all = projection
      ? graph.node("MatMul", [h, graph.constant(`${prefix}weight_hr_l${l}`, [suffixes.length, H, width], projection)])
      : h;
    const how = suffixes.length === 1 ? undefined : merge === "none" && !top ? "concat" : merge;
    const value = merged(graph, all, how, width, once ? 0 : 1);
    return { value, once, width: how === "concat" || how === "none" ? 2 * width : width };
  }, x);
}

/** Y `[T, D, B, H]`, Y_h `[D, B, H]` and, of an LSTM, Y_c. */
function operatorNode(
  { graph, parameters, lengths = "", states }: Writing,
  level: Level,
  x: Rows,
  initial: string[],
): string[] {
  const { form, prefix, suffixes, H } = level, D = suffixes.length, rows = form.gates.gates * H;
  const tensors = suffixes.map((suffix) => operatorTensors(form, (name) => parameters.get(prefix + name + suffix)));
  const constant = (key: "W" | "R" | "B" | "P", ...shape: number[]) =>
    tensors[0][key]
      ? graph.constant(prefix + key + suffixes[0], [D, ...shape], joined(tensors.map((t) => t[key]!)))
      : "";
  const weights = [constant("W", rows, x.width), constant("R", rows, H), constant("B", 2 * rows)];
  const [h = "", c = ""] = initial, P = constant("P", 3 * H), inputs = [x.value, ...weights, lengths, h, c, P];
  while (!inputs.at(-1)) inputs.pop();
  const ends = form.operator === "LSTM" ? ["Y_h", "Y_c"] : ["Y_h"];
  const outputs = graph.nodes(form.operator, inputs, operatorAttributes(form, H, D), ["Y", ...ends]);
  if (states) {
    suffixes.forEach((suffix, d) =>
      ends.forEach((end, i) => {
        const state = graph.node("Gather", [outputs[1 + i], graph.integers(d)], { axis: 0 });
        graph.output(`${prefix}${end.slice(2)}${suffix}_n`, state, ["B", H]);
      })
    );
  }
  return outputs;
}

/** Names of the carried states. */
function stateNames({ form: { operator } }: Level): string[] {
  return operator === "LSTM" ? ["h", "c"] : ["h"];
}

/** States of the model's inputs, `[D, B, H]`; none where it has none: zeros. */
function givenStates({ graph, states }: Writing, level: Level): string[] {
  if (!states) return [];
  const { prefix, suffixes, H } = level, names = stateNames(level);
  const inputs = suffixes.map((suffix) => names.map((name) => graph.input(prefix + name + suffix, "float", ["B", H])));
  return names.map((_, i) => {
    const directions = inputs.map((states) => graph.node("Unsqueeze", [states[i], graph.integers([0])]));
    return directions.length === 1 ? directions[0] : graph.node("Concat", directions, { axis: 0 });
  });
}

/** States that were learned, repeated for all rows. */
function learnedStates(writing: Writing, level: Level): string[] {
  const { graph, parameters } = writing, { prefix, suffixes, H } = level, D = suffixes.length;
  const shape = graph.node("Concat", [graph.integers([D]), writing.batch(), graph.integers([H])], { axis: 0 });
  return stateNames(level).map((name) => {
    const data = joined(suffixes.map((suffix) => parameters.get(`${prefix}initial_${name}${suffix}`)!.data));
    return graph.node("Expand", [graph.constant(`${prefix}initial_${name}${suffixes[0]}`, [D, 1, H], data), shape]);
  });
}

/** One output of those of both directions, which are along an axis; of one direction that alone. */
function merged(graph: GraphWriter, Y: string, how: Merge | undefined, width: number, axis: 0 | 1): string {
  if (!how) return graph.node("Squeeze", [Y, graph.integers([axis])]);
  if (how === "none") return axis ? graph.node("Transpose", [Y], { perm: [1, 0, 2, 3] }) : Y;
  if (how === "concat") {
    const rows = graph.node("Transpose", [Y], { perm: axis ? [0, 2, 1, 3] : [1, 0, 2] });
    return graph.node("Reshape", [rows, graph.integers(axis ? [0, 0, 2 * width] : [0, 2 * width])]);
  }
  const [a, b] = [0, 1].map((d) => graph.node("Gather", [Y, graph.integers(d)], { axis }));
  const both = graph.node(how === "multiply" ? "Mul" : "Add", [a, b]);
  return how === "average" ? graph.node("Mul", [both, graph.number(0.5)]) : both;
}

/** W_hrᵀ `[H, P]`. */
function transposedProjection({ parameters }: Writing, name: string): Float32Array {
  const { shape: [P, H], data } = parameters.get(name)!;
  return data.map((_, i) => data[(i % P) * H + Math.floor(i / P)]);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
