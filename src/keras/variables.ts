import type { TensorCopy } from "../runtime/state_dict.ts";
import type { CellSpec, LayerSpec, RecurrentSpec } from "./spec.ts";

/** Names of variables in TensorFlow.js and Keras 2. */
export type VariableKind = "kernel" | "recurrent_kernel" | "bias" | "embeddings" | "gamma" | "beta";

/** A variable that a layer has there. */
export interface VariableSpec {
  readonly kind: VariableKind;
  /** The part of the layer that it belongs to, and its number there, as paths of Keras 3 have them: `forward_layer/cell`, 0. */
  readonly part: string;
  readonly index: number;
  /** Shapes that it may have; extents that are not known are undefined. */
  readonly shapes: readonly (readonly (number | undefined)[])[];
}

/** Where the variables of a model are: a file in one of the formats. */
export interface VariableSource {
  /**
   * The variables of a layer, in the order in which they are wanted; undefined, and a fault, for one that is missing.
   *
   * @param name The layer's own name, and `path` where Keras 3 puts it.
   */
  read(
    layer: { readonly name: string; readonly path: string },
    wanted: readonly VariableSpec[],
    fault: (reason: string) => void,
  ): (TensorCopy | undefined)[];
  /** Those that no layer has read, by their names. */
  unread(): string[];
}

/** Blocks of a cell's kernels, of width `units` each. */
const GATES = { SimpleRNN: 1, LSTM: 4, GRU: 3 } as const;

/** The variables of a layer that reads rows of `width` elements, in their order. */
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

/** Parts of a layer for its directions. */
function directions({ direction }: RecurrentSpec): string[] {
  return direction === "both" ? ["forward_layer/", "backward_layer/"] : [""];
}

function stackVariables({ cells, form }: RecurrentSpec, direction: string, width: number | undefined): VariableSpec[] {
  const counts = new Map<string, number>();
  return cells.flatMap((cell, i) => {
    const name = snakeCell(cell), count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const part = `${direction}cell${form === "stack" ? `/cells/${count ? `${name}_${count}` : name}` : ""}`;
    return cellVariables(cell, part, i ? cells[i - 1].units : width);
  });
}

function snakeCell({ kind }: CellSpec): string {
  return { SimpleRNN: "simple_rnn_cell", LSTM: "lstm_cell", GRU: "gru_cell" }[kind];
}

function cellVariables(cell: CellSpec, part: string, width: number | undefined): VariableSpec[] {
  const { kind, units, bias, resetAfter } = cell, columns = GATES[kind] * units;
  const two = kind === "GRU" && resetAfter !== false, one = kind !== "GRU" || resetAfter !== true;
  const biases = [...one ? [[columns]] : [], ...two ? [[2, columns]] : []];
  return [
    { kind: "kernel", part, index: 0, shapes: [[width, columns]] },
    { kind: "recurrent_kernel", part, index: 1, shapes: [[units, columns]] },
    ...bias ? [{ kind: "bias" as const, part, index: 2, shapes: biases }] : [],
  ];
}

/** Whether a shape is one of those that a variable may have. */
export function fits({ shapes }: VariableSpec, shape: readonly number[]): boolean {
  return shapes.some((wanted) =>
    wanted.length === shape.length && wanted.every((extent, i) => extent === undefined || extent === shape[i])
  );
}

/** The shapes that a variable may have, as a message shows them. */
export function describeShapes({ shapes }: VariableSpec): string {
  return shapes.map((shape) => `[${shape.map((extent) => extent ?? "any").join(", ")}]`).join(" or ");
}

/** The names of a layer's variables, behind its own, in TensorFlow.js: `kernel`, `forward_rnn_lstm/kernel`. */
export function variableNames(spec: LayerSpec): string[] {
  return variablesOf(spec, undefined).map(({ kind, part }) => {
    const direction = /^(forward|backward)_/.exec(part)?.[0];
    const inner = spec.kind === "recurrent" && direction ? `${direction}${innerName(spec)}/` : "";
    return inner + kind;
  });
}

/** The name of the layer in Bidirectional. */
export function innerName({ name, cells: [{ kind }] }: RecurrentSpec): string {
  return `${name}_${kind.toLowerCase()}`;
}
