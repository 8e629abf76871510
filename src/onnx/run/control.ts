import { FormatError, ShapeError } from "../../errors.ts";
import type { Attributes } from "../format/attributes.ts";
import { spend } from "../format/budget.ts";
import type { GraphMessage } from "../format/schema.ts";
import { tensor } from "../format/tensor.ts";
import type { Control, ControlValues, Run, Subgraph } from "./graph_node.ts";

/** Whether an operator runs graphs inside of it. */
export function isControl(operator: string): operator is keyof typeof CONTROLS {
  return Object.hasOwn(CONTROLS, operator);
}

/** What reads the graph of an attribute. */
type ReadSubgraph = (message: GraphMessage) => Subgraph;

/**
 * Reads the attributes of such an operator.
 *
 * @param label The name of the node in errors.
 * @throws {FormatError} When an attribute is unknown, missing or has an invalid value.
 */
export function readControl(
  label: string,
  operator: keyof typeof CONTROLS,
  opset: number,
  attributes: Attributes,
  readSubgraph: ReadSubgraph,
): Control {
  const graph = (name: string) => {
    const message = attributes.take(name, "graph");
    if (message) return readSubgraph(message);
    throw new FormatError(`Cannot read ONNX: ${label} must have a graph as "${name}", got none`);
  };
  const control = CONTROLS[operator](graph, attributes, opset);
  attributes.requireAllRead();
  return control;
}

const CONTROLS = { If: readIf, Loop: readLoop, Scan: readScan };

function readIf(graph: (name: string) => Subgraph): Control {
  const graphs = [graph("then_branch"), graph("else_branch")];
  return {
    graphs,
    decidedBy: [0],
    repeats: false,
    *run([condition], { first }) {
      return yield { graph: graphs[condition !== undefined && first(condition) ? 0 : 1], inputs: [] };
    },
  };
}

/** The work of a turn, in elements: many turns of nothing must not take long. */
const TURN = 64;

function readLoop(graph: (name: string) => Subgraph): Control {
  const body = graph("body"), carried = body.inputs.length - 2;
  return {
    graphs: [body],
    decidedBy: [0, 1],
    repeats: true,
    *run([most, condition, ...inputs], values) {
      const count = most === undefined ? Infinity : values.first(most), scanned: (typeof inputs)[number][][] = [];
      let states = inputs.slice(0, carried), goes = condition === undefined || values.first(condition) !== 0;
      for (let t = 0; goes && t < count; t++) {
        spend(TURN);
        const turn = values.known(tensor("int64", [], [t])), truth = values.known(tensor("bool", [], [1]));
        const [next, ...outputs] = yield { graph: body, inputs: [turn, truth, ...states] };
        goes = values.first(next) !== 0;
        states = outputs.slice(0, carried);
        scanned.push(outputs.slice(carried));
      }
      const rows = body.outputs.length - 1 - carried;
      if (rows && !scanned.length) throw new ShapeError("a loop without turns has no rows to give");
      const stacked = Array.from({ length: rows }, (_, i) => values.stack(scanned.map((row) => row[i]!), 0));
      return [...states.map((state) => state!), ...stacked];
    },
  };
}

function readScan(graph: (name: string) => Subgraph, attributes: Attributes, opset: number): Control {
  const body = graph("body"), count = attributes.int("num_scan_inputs", 0), carried = body.inputs.length - count;
  const list = (name: string, since = 9) => opset >= since ? attributes.take(name, "ints") : undefined;
  const inputAxes = list("scan_input_axes"), outputAxes = list("scan_output_axes");
  const inputReverse = list(opset < 9 ? "directions" : "scan_input_directions", 8);
  const outputReverse = list("scan_output_directions");
  if (!(count > 0 && carried >= 0)) throw new FormatError(`Cannot read ONNX: a Scan must have inputs, got ${count}`);

  function* scan<V>(inputs: readonly (V | undefined)[], values: ControlValues<V>): Generator<Run<V>, V[], V[]> {
    const scans = inputs.slice(carried).map((value, i) => {
      if (value === undefined) throw new ShapeError(`input ${carried + i} is missing`);
      const shape = values.shape(value), axis = inputAxes?.[i] ?? 0, at = axis < 0 ? axis + shape.length : axis;
      return { value, axis: at, steps: shape[at], reverse: inputReverse?.[i] === 1 };
    });
    const { steps } = scans[0], rows: V[][] = [];
    if (!steps || scans.some((scan) => scan.steps !== steps)) {
      throw new ShapeError(
        `the scanned inputs must have steps, and as many each, got ${scans.map(({ steps }) => steps)}`,
      );
    }
    let states = inputs.slice(0, carried);
    for (let t = 0; t < steps; t++) {
      spend(TURN);
      const parts = scans.map(({ value, axis, reverse }) => values.part(value, axis, reverse ? steps - 1 - t : t));
      const outputs: V[] = yield { graph: body, inputs: [...states, ...parts] };
      states = outputs.slice(0, carried);
      rows.push(outputs.slice(carried));
    }
    const stacked = rows[0].map((_, i) => {
      const column = rows.map((row) => row[i]);
      return values.stack(outputReverse?.[i] === 1 ? column.toReversed() : column, outputAxes?.[i] ?? 0);
    });
    return [...states.map((state) => state!), ...stacked];
  }

  return {
    graphs: [body],
    decidedBy: [],
    repeats: false,
    *run<V>(inputs: readonly (V | undefined)[], values: ControlValues<V>): Generator<Run<V>, V[], V[]> {
      if (opset >= 9) return yield* scan(inputs, values);
      // Version 8: lengths as the first input, then a first axis of sequences.
      const [lengths, ...sequences] = inputs;
      if (lengths !== undefined) throw new ShapeError("the lengths of a Scan are not supported");
      const B = values.shape(sequences[0]!)[0], results: V[][] = [];
      for (let b = 0; b < B; b++) {
        results.push(yield* scan(sequences.map((value) => value && values.part(value, 0, b)), values));
      }
      return results[0].map((_, i) => values.stack(results.map((row) => row[i]), 0));
    },
  };
}
