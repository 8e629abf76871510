import { OptionError } from "../../errors.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { GraphWriter } from "./graph_writer.ts";

/** What a layer reads or writes, as a value of the graph: tokens `[T, B]`, or values `[T, B, width]`. */
export interface Rows {
  /** The value's name. */
  readonly value: string;
  readonly width: number;
  /** Whether there is one row for a sequence, `[B, width]`. */
  readonly once: boolean;
}

/** What all layers of a net share while it is written. */
export interface Writing {
  readonly graph: GraphWriter;
  /** The net's parameters by name. */
  readonly parameters: ReadonlyMap<string, TensorCopy>;
  /** The lengths of rows, int32 `[B]`, where they are an input of the model. */
  readonly lengths?: string;
  /** Whether initial states are inputs of the model and last ones outputs. */
  readonly states: boolean;
  /** B, int64 `[1]`. */
  batch(): string;
  /** Whether a step is within the length of a row, bool `[T, B, 1]`; undefined: all are. */
  mask(): string | undefined;
}

/** The error of a layer that no model can have. */
export function unwritten(layer: string, reason: string): OptionError {
  return new OptionError(`Cannot write ONNX: the layer "${layer}" ${reason}`);
}
