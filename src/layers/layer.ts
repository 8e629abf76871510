import { type Check, requireMade } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Parameter } from "../ops/initialise.ts";
import type { Needs } from "../ops/needs.ts";
import type { BatchShape, TensorSpec, Value } from "../ops/value.ts";
import type { LayerDescription } from "./description.ts";

/** A layer: its input, output, states and parameters. Immutable. `plan` gives the layer a place in one net's memory. */
export interface Layer {
  /**
   * Name of the equations, where the tensors do not tell them. A variant has another name. Checkpoints save the name.
   */
  readonly name?: string;
  /** The layer as plain data, for writers of other formats. Default: the layer has no form outside of this library. */
  readonly description?: LayerDescription;
  /** The input. A layer of "values" may read "one-hot" rows as well, where its documentation says so. */
  readonly input: TensorSpec;
  /** Input of the decoder in a net with a decoder. Its number of steps is that of the output. Default: no decoder. */
  readonly decoderInput?: TensorSpec;
  /** The output. */
  readonly output: TensorSpec;
  /** Parameters by name, in order. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Other names of these parameters: those tied by `sequential`. Default: none. */
  readonly tied?: Readonly<Record<string, string>>;
  /** The states that the layer carries from call to call, in the order of `PlannedLayer.states`. Default: none. */
  readonly states?: readonly StateSpec[];
  /**
   * Name of the layer in error messages, when the layer must read whole sequences. Streams, segments of a sequence and
   * decoders refuse such a layer. Default: the layer can run step by step.
   */
  readonly wholeSequence?: string;
  /** Widths of the encoder outputs that attention in the layer expects. Default: the layer has no attention. */
  readonly sourceWidths?: readonly number[];
  /** Plan the layer in one net's memory, reading from x. A net with a decoder also gets the decoder's input. */
  plan(scope: Scope, x: Value, decoderInput?: Value): PlannedLayer;
}

/** A carried state of a layer. */
export interface StateSpec {
  /** Name of the state in the layer, like that of a parameter: `h_l0`. */
  readonly name: string;
  /** Elements of a row. */
  readonly width: number;
  /**
   * Whether the state starts from a parameter instead of zeros.
   *
   * @default {false}
   */
  readonly learned?: boolean;
}

/** A carried state of a planned layer: addresses of blocks `[B, width]`, a row every `stride` elements. */
export interface PlannedState {
  /** Name of the state in the net: `rnn.h_l0`. */
  readonly name: string;
  /** Elements of a row. */
  readonly width: number;
  /** Elements from one row to the next. */
  readonly stride: number;
  /** Address of the state before the first step. */
  first(B: number): number;
  /** Address of the state after each row's last step. */
  last(): number;
  /** Addresses of the gradients: backward reads that of the last state, and writes that of the first state. */
  readonly gradient: { first(B: number): number; last(): number };
  /** The parameter `[width]` that the state starts from. Default: the state starts from zeros. */
  readonly learned?: ParameterSlot;
}

/** One of the layers that a layer contains. */
export interface LayerPart {
  /** Name of the layer in the net, `rnn` or `decoder`; empty in a net without names. */
  readonly layer: string;
  /** Name of the part in its stack: `rnn.l0`, `rnn.dropout_l0`, `decoder`. */
  readonly name: string;
  /** The output of the part. */
  readonly output: Value;
  /**
   * Whether the part runs the decoder's steps.
   *
   * @default {false}
   */
  readonly decoder?: boolean;
}

/** A net with a decoder in two halves. Forward runs `encode`, then `decode`. */
export interface PlannedDecoder {
  /** The decoder's states, in order. */
  readonly states: readonly PlannedState[];
  /** The encoder's output, to which the decoder may attend. */
  readonly source: TensorSpec;
  /** Run the encoder, and write the decoder's first states. */
  encode(k: Kernels, shape: BatchShape): void;
  /** Run the decoder from its first states on. */
  decode(k: Kernels, shape: BatchShape): void;
}

/**
 * A layer with its place in memory. A call runs `forward`. In training, the reader of `output` then writes its
 * gradient, `backward` computes the gradient of the input, and `gradients` adds to the gradients of the parameters.
 */
export interface PlannedLayer {
  /** The output. */
  readonly output: Value;
  /** The layers that this layer contains, in the order of forward. Default: the layer contains no others. */
  readonly parts?: readonly LayerPart[];
  /** The carried states, in order. */
  readonly states: readonly PlannedState[];
  /** The two halves of a net with a decoder. */
  readonly decoder?: PlannedDecoder;
  /**
   * The slots that the session must write or read, including those of the layers that this layer contains. Default:
   * none.
   */
  readonly needs?: Partial<Needs>;
  /** Renew the copies that are derived from parameters. Runs after every change of parameters. */
  refresh(k: Kernels): void;
  /** Write the output and the last states. */
  forward(k: Kernels, shape: BatchShape): void;
  /** From the gradient of the output, compute the gradients of the input and of the first states. */
  backward(k: Kernels, shape: BatchShape): void;
  /** Add to the gradients of the parameters. Runs after `backward`. */
  gradients(k: Kernels, shape: BatchShape): void;
}

/** The parts of a layer; of a layer without parts, the layer itself under this name. */
export function partsOf({ parts, output }: PlannedLayer, name: string): readonly LayerPart[] {
  return parts ?? [{ layer: name, name, output }];
}

/** The check of an argument that is a layer. */
export const layer: Check<Layer> = (name, value) => requireMade(name, value, "input", "a layer, such as dense(8, 2)");
