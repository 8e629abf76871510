import type { TensorCopy } from "../runtime/state_dict.ts";
import type { CellSpec, LayerSpec, RecurrentSpec } from "./spec.ts";

/** The last part of a variable's name in TensorFlow.js and Keras 2. */
type VariableKind = "kernel" | "recurrent_kernel" | "bias" | "embeddings" | "gamma" | "beta";

/** A variable that a layer has in Keras. */
export interface VariableSpec {
  readonly kind: VariableKind;
  /** In paths of Keras 3, the part of the layer that owns the variable: `forward_layer/cell`. */
  readonly part: string;
  /** In paths of Keras 3, the number of the variable within its part, from 0. */
  readonly index: number;
  /** The shapes that the variable may have. Unknown extents are undefined. */
  readonly shapes: readonly (readonly (number | undefined)[])[];
}

/** The variables of a model's file, in one of the formats. */
export interface VariableSource {
  /**
   * Reads the variables of a layer, in the order of `wanted`. A missing variable is undefined, and reported as a fault.
   *
   * @param layer The name of the layer, and its path in a file of Keras 3.
   */
  read(
    layer: { readonly name: string; readonly path: string },
    wanted: readonly VariableSpec[],
    fault: (reason: string) => void,
  ): (TensorCopy | undefined)[];
  /** The names of the variables that no layer has read. */
  unread(): string[];
}

/** Number of gates, each of which has a block of width `units` in a cell's kernels. */
const GATES = { SimpleRNN: 1, LSTM: 4, GRU: 3 } as const;

/**
 * The variables of a layer, in the order of Keras.
 *
 * @param width Elements of an input row; undefined when unknown.
 */
export function variablesOf(spec: LayerSpec, width: number | undefined): VariableSpec[] {
  switch (spec.kind) {
    case "embedding":
      return [{ kind: "embeddings", part: "", index: 0, shapes: [[spec.vocabulary, spec.width]] }];
    case "dense": {
      const part = spec.distributed ? "layer" : "";
      const kernel: VariableSpec = { kind: "kernel", part, index: 0, shapes: [[width, spec.units]] };
      return spec.bias ? [kernel, { kind: "bias", part, index: 1, shapes: [[spec.units]] }] : [kernel];
    }
    case "norm": {
      const kinds = [...spec.scale ? ["gamma" as const] : [], ...spec.center ? ["beta" as const] : []];
      return kinds.map((kind, index) => ({ kind, part: "", index, shapes: [[width]] }));
    }
    case "recurrent":
      return directions(spec).flatMap((direction) => stackVariables(spec, direction, width));
  }
  return [];
}

/** The parts of a layer for its directions. */
function directions({ direction }: RecurrentSpec): string[] {
  return direction === "both" ? ["forward_layer/", "backward_layer/"] : [""];
}

function stackVariables({ cells, form }: RecurrentSpec, direction: string, width: number | undefined): VariableSpec[] {
  const counts = new Map<string, number>();
  return cells.flatMap((cell, i) => {
    const name = snakeCase(`${cell.kind}Cell`);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const part = `${direction}cell${form === "stack" ? `/cells/${count ? `${name}_${count}` : name}` : ""}`;
    return cellVariables(cell, part, i ? cells[i - 1].units : width);
  });
}

function cellVariables(cell: CellSpec, part: string, width: number | undefined): VariableSpec[] {
  const { kind, units, bias, resetAfter } = cell;
  const columns = GATES[kind] * units;
  const mayHaveOneBias = kind !== "GRU" || resetAfter !== true;
  const mayHaveTwoBiases = kind === "GRU" && resetAfter !== false;
  const biases = [...mayHaveOneBias ? [[columns]] : [], ...mayHaveTwoBiases ? [[2, columns]] : []];
  return [
    { kind: "kernel", part, index: 0, shapes: [[width, columns]] },
    { kind: "recurrent_kernel", part, index: 1, shapes: [[units, columns]] },
    ...bias ? [{ kind: "bias" as const, part, index: 2, shapes: biases }] : [],
  ];
}

/** Whether a variable may have a shape. */
export function fits({ shapes }: VariableSpec, shape: readonly number[]): boolean {
  return shapes.some((wanted) =>
    wanted.length === shape.length && wanted.every((extent, i) => extent === undefined || extent === shape[i])
  );
}

/** The possible shapes of a variable in an error message. */
export function describeShapes({ shapes }: VariableSpec): string {
  return shapes.map((shape) => `[${shape.map((extent) => extent ?? "any").join(", ")}]`).join(" or ");
}

/** The names of a layer's variables in TensorFlow.js, without the layer's name: `kernel`, `forward_rnn_lstm/kernel`. */
export function variableNames(spec: LayerSpec): string[] {
  return variablesOf(spec, undefined).map(({ kind, part }) => {
    const direction = /^(forward|backward)_/.exec(part)?.[0];
    const inner = spec.kind === "recurrent" && direction ? `${direction}${innerName(spec)}/` : "";
    return inner + kind;
  });
}

/** The path of a variable in a file of Keras 3: `layers/lstm_1/cell/vars/0`. */
export function variablePath(layerPath: string, { part, index }: VariableSpec): string {
  return [layerPath, ...part ? [part] : [], "vars", index].join("/");
}

/** The name of the layer inside Bidirectional. */
export function innerName({ name, cells: [{ kind }] }: RecurrentSpec): string {
  return `${name}_${kind.toLowerCase()}`;
}

/** The name of a class in paths of Keras 3: `simple_rnn`, `time_distributed`. */
export function snakeCase(className: string): string {
  const words = className.replaceAll(/\W+/g, "").replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2");
  return words.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}
