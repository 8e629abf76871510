import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Parameter } from "../ops/initialise.ts";
import type { Needs } from "../ops/needs.ts";
import type { BatchShape, TensorSpec, Value } from "../ops/value.ts";
import type { LayerDescription } from "./description.ts";

/** A layer: what it takes, what it gives, what it trains. Immutable; `plan` gives it a place in one net's memory. */
export interface Layer {
  /** Names the equations where the tensors do not tell them: another variant has another name. Saved in checkpoints. */
  readonly name?: string;
  /** What it is as plain data, for those that write it in another form. Default: it can only be used here. */
  readonly description?: LayerDescription;
  /** What the layer reads. A layer that takes "values" may take "one-hot" as well, where it says so. */
  readonly input: TensorSpec;
  /** What the decoder of a whole net reads, with steps of its own, which are those of the output. Default: there is none. */
  readonly decoderInput?: TensorSpec;
  /** What the layer writes. */
  readonly output: TensorSpec;
  /** Trained tensors by name, in order. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Other names of these tensors: what `sequential` has tied. Default none. */
  readonly tied?: Readonly<Record<string, string>>;
  /** The states that the layer carries from call to call, in order, with the names of `PlannedLayer.states`. Default none. */
  readonly states?: readonly StateSpec[];
  /**
   * What an error message calls the layer when the layer must see whole sequences. Streams, segments of a sequence and
   * decoders refuse such a layer. Default: the layer can run step by step.
   */
  readonly wholeSequence?: string;
  /** Widths of the encoder's outputs that attention in the layer expects. Default: there is no attention. */
  readonly sourceWidths?: readonly number[];
  /** The layer in one net's memory, reading from x. A net with a decoder gets the place of that one's input as well. */
  plan(scope: Scope, x: Value, decoderInput?: Value): PlannedLayer;
}

/** A carried state of a layer. */
export interface StateSpec {
  /** Name of the state in the layer, like that of a parameter: `h_l0`. */
  readonly name: string;
  /** Elements of a row. */
  readonly width: number;
  /** Whether the state starts from a parameter instead of zeros. Default false. */
  readonly learned?: boolean;
}

/** A carried state of a planned layer: addresses of `[B, width]` blocks, a row every `stride` elements. */
export interface PlannedState {
  /** Its name in the whole net: `rnn.h_l0`. */
  readonly name: string;
  /** Elements of a row. */
  readonly width: number;
  /** Elements from row to row. */
  readonly stride: number;
  /** The state before the first step. */
  first(B: number): number;
  /** The state after each row's last step. */
  last(): number;
  /** Gradients: of the last state, read by backward; of the first, left by backward. */
  readonly gradient: { first(B: number): number; last(): number };
  /** The parameter `[width]` that the state starts from instead of zeros. */
  readonly learned?: ParameterSlot;
}

/** One of the layers that a layer is made of. */
export interface LayerPart {
  /** Its name in the whole net, `rnn` or `decoder`; empty where the net has no names. */
  readonly layer: string;
  /** Its name in the stack that it belongs to: `rnn.l0`, `rnn.dropout_l0`, `decoder`. */
  readonly name: string;
  /** What it writes. */
  readonly output: Value;
  /** Whether its steps are those of the decoder. Default false. */
  readonly decoder?: boolean;
}

/** A net with a decoder, to be run in two parts: forward is one after the other. */
export interface PlannedDecoder {
  /** The decoder's states, in order. */
  readonly states: readonly PlannedState[];
  /** Run the encoder, and write the decoder's first states. */
  encode(k: Kernels, extent: BatchShape): void;
  /** Run the decoder, from its first states on. */
  decode(k: Kernels, extent: BatchShape): void;
}

/**
 * A layer with its place in memory. One pass: `forward`; then, when training, the reader of `output` leaves its gradient there,
 * `backward` passes it on to the input's port, and `gradients` adds to the parameters' gradients.
 */
export interface PlannedLayer {
  /** What the layer writes. */
  readonly output: Value;
  /** What it is made of, in the order of forward. Default: it is one piece. */
  readonly parts?: readonly LayerPart[];
  /** Its carried states, in order. */
  readonly states: readonly PlannedState[];
  /** Of a net with a decoder. */
  readonly decoder?: PlannedDecoder;
  /** The parts that others must write or read, those of the layers in it included. Default none. */
  readonly needs?: Partial<Needs>;
  /** Renew what is derived from parameters: after every change of them. */
  refresh(k: Kernels): void;
  /** Write the output and the last states. */
  forward(k: Kernels, extent: BatchShape): void;
  /** From the gradient of the output to that of the input and of the first states. */
  backward(k: Kernels, extent: BatchShape): void;
  /** Add to the parameters' gradients; after `backward`. */
  gradients(k: Kernels, extent: BatchShape): void;
}
