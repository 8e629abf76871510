import { OptionError } from "../../errors.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { GraphWriter } from "./graph_writer.ts";

/** The input or output of a layer in the graph: tokens `[T, B]`, or values `[T, B, width]`. */
export interface ExportValue {
  /** The name of the value. */
  readonly name: string;
  readonly width: number;
  /** Whether the value has a row for each step, or one row for the whole sequence, `[B, width]`. */
  readonly steps: "each" | "one";
}

/** What all layers of a net share during the export. */
export interface ExportContext {
  readonly graph: GraphWriter;
  /** The parameters of the net by name. */
  readonly parameters: ReadonlyMap<string, TensorCopy>;
  /** The length of each row, int32 `[B]`; undefined when the model has no such input. */
  readonly lengths?: string;
  /** Whether initial states are inputs of the model and final states outputs. */
  readonly states: boolean;
  /** B as int64 `[1]`. */
  batch(): string;
  /** Whether a step lies within the length of its row, bool `[T, B, 1]`; undefined when all rows have length T. */
  mask(): string | undefined;
}

/** The error for a layer that cannot be exported. */
export function cannotWrite(layer: string, reason: string): OptionError {
  return new OptionError(`Cannot write ONNX: the layer "${layer}" ${reason}`);
}
