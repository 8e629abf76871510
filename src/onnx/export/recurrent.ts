import { byEquations } from "../../cells/equations/built_in.ts";
import { equationsData } from "../../cells/equations/data.ts";
import { notesLstm } from "../../cells/notes_lstm.ts";
import type { RecurrentDescription } from "../../layers/description.ts";
import type { Merge } from "../../ops/merge.ts";
import { cannotWrite, type ExportContext, type ExportValue } from "./context.ts";
import type { GraphWriter } from "./graph_writer.ts";
import { scanLevel, scanWidth } from "./scan_level.ts";
import { type CellOperator, cellOperator, nodeAttributes, nodeTensors } from "./recurrent_operator.ts";

/** One layer of a stack: what its directions share. */
interface StackLevel {
  readonly operator: CellOperator;
  /** The beginning of the names of its tensors. */
  readonly prefix: string;
  /** For each direction, the end of the names of its tensors. */
  readonly suffixes: readonly string[];
  readonly H: number;
}

/** Writes a stack of RNN, GRU, LSTM or Scan nodes, with the merge of their directions. */
export function recurrentNodes(
  context: ExportContext,
  description: RecurrentDescription,
  prefix: string,
  label: string,
  x: ExportValue,
): ExportValue {
  const { cell: own, hidden, layers = 1, merge = "concat", initialStates, output } = description;
  const { graph } = context, cell = own?.kind === "notesLstm" ? notesEquations() : own;
  if (!cell) {
    throw cannotWrite(
      label,
      'unrolls a cell that has no "description": cells without equations and cells with attention have none',
    );
  }
  const operator = cellOperator(cell), projected = cell.kind === "lstm" && cell.projection !== undefined;
  if (projected && (context.states || initialStates === "learned")) {
    throw cannotWrite(label, "projects its output, which ONNX's LSTM does not: it can only start from zeros");
  }
  const sizes = typeof hidden === "number" ? Array<number>(layers).fill(hidden) : hidden;
  return sizes.reduce((below, H, l): ExportValue => {
    const isTop = l + 1 === sizes.length;
    const steps = isTop && output === "last" ? "one" : "each";
    const suffixes = description.bidirectional ? [`_l${l}`, `_l${l}_reverse`] : [`_l${l}`];
    const isLearned = initialStates === "learned" && !context.states;
    const scanned = cell.kind === "equations" ? { cell, prefix, suffixes, H } : undefined;
    const level = { operator: operator!, prefix, suffixes, H };
    const [Y, ...finalStates] = scanned
      ? scanLevel(context, scanned, below, isLearned)
      : operatorNode(context, level, below, (isLearned ? learnedStates : inputStates)(context, level));
    const h = steps === "one" ? finalStates[0] : Y;
    const width = scanned ? scanWidth(scanned) : projected ? cell.projection! : H;
    const projection = projected &&
      suffixes.flatMap((suffix) => [...transposedProjection(context, prefix + "weight_hr" + suffix)]);
    const directions = projection
      ? graph.node("MatMul", [h, graph.constant(`${prefix}weight_hr_l${l}`, [suffixes.length, H, width], projection)])
      : h;
    const how = suffixes.length === 1 ? undefined : merge === "none" && !isTop ? "concat" : merge;
    const name = merged(graph, directions, how, width, steps === "one" ? 0 : 1);
    return { name, steps, width: how === "concat" || how === "none" ? 2 * width : width };
  }, x);
}

/** The lecture notes' LSTM, for which there is no operator. */
const notesEquations = () => ({ kind: "equations" as const, ...equationsData(byEquations(notesLstm()).equations) });

/** Writes the node of one level: Y `[T, D, B, H]`, Y_h `[D, B, H]` and, for an LSTM, Y_c `[D, B, H]`. */
function operatorNode(
  { graph, parameters, lengths = "", states }: ExportContext,
  level: StackLevel,
  x: ExportValue,
  [h = "", c = ""]: readonly string[],
): string[] {
  const { operator, prefix, suffixes, H } = level;
  const D = suffixes.length;
  const rows = operator.gates.gates * H;
  const tensors = suffixes.map((suffix) => nodeTensors(operator, (name) => parameters.get(prefix + name + suffix)));
  const constant = (key: "W" | "R" | "B" | "P", ...shape: number[]) =>
    tensors[0][key]
      ? graph.constant(prefix + key + suffixes[0], [D, ...shape], concatenated(tensors.map((t) => t[key]!)))
      : "";
  const weights = [constant("W", rows, x.width), constant("R", rows, H), constant("B", 2 * rows)];
  const inputs = [x.name, ...weights, lengths, h, c, constant("P", 3 * H)];
  while (!inputs.at(-1)) inputs.pop();
  const stateOutputs = operator.operator === "LSTM" ? ["Y_h", "Y_c"] : ["Y_h"];
  const outputs = graph.nodes(operator.operator, inputs, nodeAttributes(operator, H, D), ["Y", ...stateOutputs]);
  if (states) {
    suffixes.forEach((suffix, d) =>
      stateOutputs.forEach((output, i) => {
        const state = graph.node("Gather", [outputs[1 + i], graph.integers(d)], { axis: 0 });
        graph.output(`${prefix}${output.slice(2)}${suffix}_n`, state, ["B", H]);
      })
    );
  }
  return outputs;
}

/** The names of the carried states. */
function stateNames({ operator: { operator } }: StackLevel): string[] {
  return operator === "LSTM" ? ["h", "c"] : ["h"];
}

/** Initial states `[D, B, H]` from inputs of the model; none when the model has no such inputs, which means zeros. */
function inputStates({ graph, states }: ExportContext, level: StackLevel): string[] {
  if (!states) return [];
  const { prefix, suffixes, H } = level;
  const names = stateNames(level);
  const inputs = suffixes.map((suffix) => names.map((name) => graph.input(prefix + name + suffix, "float", ["B", H])));
  return names.map((_, i) => {
    const directions = inputs.map((states) => graph.node("Unsqueeze", [states[i], graph.integers([0])]));
    return directions.length === 1 ? directions[0] : graph.node("Concat", directions, { axis: 0 });
  });
}

/** Learned initial states, repeated for all rows: `[D, B, H]`. */
function learnedStates(context: ExportContext, level: StackLevel): string[] {
  const { graph, parameters } = context;
  const { prefix, suffixes, H } = level;
  const D = suffixes.length;
  const shape = graph.node("Concat", [graph.integers([D]), context.batch(), graph.integers([H])], { axis: 0 });
  return stateNames(level).map((name) => {
    const data = concatenated(suffixes.map((suffix) => parameters.get(`${prefix}initial_${name}${suffix}`)!.data));
    return graph.node("Expand", [graph.constant(`${prefix}initial_${name}${suffixes[0]}`, [D, 1, H], data), shape]);
  });
}

/**
 * Merges the directions of Y along an axis.
 *
 * @param how Undefined for one direction, whose axis is removed.
 */
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

/** W_hrᵀ `[H, P]` of W_hr `[P, H]`. */
function transposedProjection({ parameters }: ExportContext, name: string): Float32Array {
  const { shape: [P, H], data } = parameters.get(name)!;
  return data.map((_, i) => data[(i % P) * H + Math.floor(i / P)]);
}

function concatenated(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((size, array) => size + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
