import type { EquationsData, NodeData } from "../../cells/equations/data.ts";
import type { NamedActivation } from "../../ops/activation.ts";
import { activationNodes } from "./activation.ts";
import type { ExportContext, ExportValue } from "./context.ts";

/** One direction of a level: a cell with the parameters of these names. */
export interface ScanDirection {
  readonly cell: EquationsData;
  /** The beginning of the names of its tensors. */
  readonly prefix: string;
  /** The end of the names of its tensors. */
  readonly suffix: string;
  readonly H: number;
  readonly isReverse: boolean;
}

/**
 * Writes a cell over time: the matmul of the input for all steps, and the operator Scan, whose body is the cell's
 * equations.
 *
 * @param initial The initial states `[B, width]`.
 * @returns The outputs `[T, B, width]`, and the last states `[B, width]`.
 */
export function scanNodes(
  context: ExportContext,
  direction: ScanDirection,
  x: ExportValue,
  initial: readonly string[],
): { outputs: string; last: readonly string[] } {
  const { graph, lengths } = context, { cell, isReverse } = direction, mask = context.mask();
  // With lengths, each row is reversed by itself. Without, Scan runs backwards.
  const reversed = (value: string) => {
    if (!isReverse || !lengths) return value;
    return graph.node("ReverseSequence", [value, graph.node("Cast", [lengths], { to: 7 })], {
      time_axis: 0,
      batch_axis: 1,
    });
  };
  const parameters = cellParameters(context, direction);
  const z = parameters.plus(graph.node("MatMul", [reversed(x.name), parameters.input]), parameters.inputBias);
  const names = Object.keys(cell.states);
  const inputs = [...names, "z"].map((name) => [name, "float"] as const);
  const body = graph.body("step", mask ? [...inputs, ["active", "bool"]] : inputs, (own) => {
    const states = own.slice(0, names.length),
      next = stepNodes(context, direction, parameters, states, own[names.length]);
    const active = own[names.length + 1];
    // A row that has ended keeps its states, and gives zeros.
    const kept = active ? next.map((value, i) => graph.node("Where", [active, value, states[i]])) : next;
    const [output] = next;
    return [...kept, active ? graph.node("Where", [active, output, graph.number(0)]) : output];
  });
  const scanned = mask ? [z, mask] : [z], backwards = isReverse && !lengths;
  const results = graph.nodes("Scan", [...initial, ...scanned], {
    body,
    num_scan_inputs: scanned.length,
    scan_input_directions: backwards ? scanned.map(() => 1) : undefined,
    scan_output_directions: backwards ? [1] : undefined,
  }, [...names.map((name) => `last ${name}`), "outputs"]);
  return { outputs: reversed(results[names.length]), last: results.slice(0, names.length) };
}

/** The constants of a cell, weights transposed. */
interface CellParameters {
  readonly input: string;
  readonly inputBias?: string;
  /** The rows of a gate of the recurrent weight. */
  recurrent(gate: string): string;
  /** Their bias. */
  recurrentBias(gate: string): string | undefined;
  tensor(name: string): string;
  /** A weight `[rows, columns]` as `[columns, rows]`. */
  transposed(name: string): string;
  /** One of the rows of a matrix. */
  row(name: string, row: number): string;
  /** The sum with a bias, if there is one. */
  plus(value: string, bias: string | undefined): string;
}

function cellParameters(
  { graph, parameters }: ExportContext,
  { cell: { bias, weightNames: [input, recurrent], gates, nodes }, prefix, suffix, H }: ScanDirection,
): CellParameters {
  const find = (name: string) => parameters.get(prefix + name + suffix)!;
  const made = new Map<string, string>();
  /** Rows of a matrix, or elements of a vector, as one tensor of the file. */
  const constant = (name: string, from: number, count: number, transposes = false): string => {
    const key = `${prefix}${name}${suffix} ${from}`, { shape: [, n = 1], data } = find(name);
    const part = data.subarray(from * n, (from + count) * n);
    const numbers = transposes ? part.map((_, i) => part[(i % count) * n + Math.floor(i / count)]) : part;
    const known = made.get(key) ?? graph.constant(key, transposes ? [n, count] : [part.length], numbers);
    made.set(key, known);
    return known;
  };
  const multiplied = gates.filter((gate) => nodes.some(([op, at]) => op === "recurrent" && at === gate));
  const rows = (name: string) => find(name).shape[0];
  return {
    input: constant(input, 0, rows(input), true),
    inputBias: bias ? constant(bias === true ? "bias_ih" : "bias", 0, gates.length * H) : undefined,
    recurrent: (gate) => constant(recurrent, multiplied.indexOf(gate) * H, H, true),
    recurrentBias: (gate) => bias === true ? constant("bias_hh", multiplied.indexOf(gate) * H, H) : undefined,
    tensor: (name) => constant(name, 0, rows(name)),
    transposed: (name) => constant(name, 0, rows(name), true),
    row: (name, row) => constant(name, row, 1),
    plus: (value, bias) => bias ? graph.node("Add", [value, bias]) : value,
  };
}

/** Writes the equations of a step. Returns the states after the step. */
function stepNodes(
  { graph }: ExportContext,
  { cell, H }: ScanDirection,
  parameters: CellParameters,
  states: readonly string[],
  z: string,
): string[] {
  const columns = (value: string, i: number) => {
    return graph.node("Slice", [value, graph.integers([i * H]), graph.integers([(i + 1) * H]), graph.integers([-1])]);
  };
  const names = Object.keys(cell.states), made: string[] = [];
  const write = ([op, at, ...args]: NodeData): string => {
    const read = args.map((i) => made[i]), [a, b, c] = read, name = `${at}`;
    const node = (operator: string, ...inputs: string[]) => graph.node(operator, inputs);
    switch (op) {
      case "x":
        return columns(z, cell.gates.indexOf(name));
      case "state":
        return states[names.indexOf(name)];
      case "vector": {
        const [vector, row] = name.split(" ");
        return row === undefined ? parameters.tensor(vector) : parameters.row(vector, Number(row));
      }
      case "mask":
        return graph.number(1);
      case "recurrent":
        return parameters.plus(node("MatMul", a, parameters.recurrent(name)), parameters.recurrentBias(name));
      case "weight":
        return node("MatMul", a, parameters.transposed(name));
      case "norm": {
        const gain = parameters.tensor(`${name}_gain`), bias = parameters.tensor(`${name}_bias`);
        const together = graph.node("Concat", read, { axis: -1 }), { epsilon = 1e-5 } = cell.norms[name];
        return graph.node("LayerNormalization", [together, gain, bias], { axis: -1, epsilon: { real: epsilon } });
      }
      case "part":
        return columns(a, Number(at));
      case "multiplyAdd":
        return node("Add", a, node("Mul", b, c));
      case "activation":
        return activationNodes(graph, at as NamedActivation, a);
      case "clamp":
        return node("Clip", a, graph.number(-Number(at)), graph.number(Number(at)));
      default:
        return graph.node(OPERATORS[op], read);
    }
  };
  for (const one of cell.nodes) made.push(write(one));
  return cell.outputs.map((i) => made[i]);
}

const OPERATORS: Readonly<Record<string, string>> = {
  add: "Add",
  subtract: "Sub",
  multiply: "Mul",
  divide: "Div",
  exp: "Exp",
};
