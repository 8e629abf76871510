import type { Slot } from "../memory/slot.ts";
import type { AttentionHooks } from "./attention.ts";
import type { TensorSpec } from "./value.ts";

/** The gradients of a recurrent layer's outputs, in memory for all steps. `session.gradientFlow()` reads them. */
export interface OutputGradient {
  /** The layer and its direction: `rnn.l0`, `rnn.l0_reverse`. */
  readonly name: string;
  /** `[T + 1, B, H]`. After backward, block t + 1 is the gradient of the output of step t. */
  readonly gradient: Slot;
  /** Whether T is the decoder's number of steps. Default false. */
  readonly decoder?: boolean;
  /** The steps of the layer, see `TensorSpec.steps`. Default: T. */
  readonly steps?: TensorSpec["steps"];
}

/**
 * The parts of a planned layer that others must write or read. A planned layer returns its needs, a layer that contains
 * others joins theirs, and the session reads the needs of the whole net.
 */
export interface Needs {
  /** The slot of `Scope.reverseOrder`. The session writes it at every call. */
  readonly reverseOrder?: Slot;
  /** The same of layers behind one that changes the number of steps: orders of `of`, see `TensorSpec.steps`. */
  readonly orders: readonly { readonly slot: Slot; readonly of: TensorSpec }[];
  /** The counter of `Scope.random`. The session writes it at every training pass. */
  readonly randomCounter?: Slot;
  /** Attention to the encoder's outputs. The encoder-decoder runs it before and after all steps of the decoder. */
  readonly attention: readonly AttentionHooks[];
  /** The gradients of recurrent layers' outputs; none when the session does not keep them for all steps. */
  readonly outputGradients: readonly OutputGradient[];
}

/** The needs of several layers or operations together, in their order. */
export function joinNeeds(...needs: readonly (Partial<Needs> | undefined)[]): Needs {
  return {
    reverseOrder: needs.find((own) => own?.reverseOrder)?.reverseOrder,
    orders: needs.flatMap((own) => own?.orders ?? []),
    randomCounter: needs.find((own) => own?.randomCounter)?.randomCounter,
    attention: needs.flatMap((own) => own?.attention ?? []),
    outputGradients: needs.flatMap((own) => own?.outputGradients ?? []),
  };
}
