import { OptionError, ShapeError } from "../errors.ts";
import type { LayerPart } from "../layers/layer.ts";
import { type BatchShape, oneStepShape, type Shard } from "../ops/value.ts";

/** States by name (`rnn.h_l0`), each `[B, H]`. */
export type States = Record<string, Float32Array>;

/** Where a sequence starts from: zeros, the last states of the call before, or given states (all of them). */
export type InitialStates = "zero" | "carry" | States;

/** Options of a call. */
export interface CallOptions {
  /** Rows B of this call, at most the session's `batch`, which is the default. T follows from the length of x. */
  batch?: number;
  /** Default `"zero"`. */
  states?: InitialStates;
  /**
   * Length of each row, integers from 1 to T, in any order. Default: all T. What lies behind a row's length is never read; outputs
   * and gradients there are zero, and the row's last states are those after its own last step.
   */
  lengths?: ArrayLike<number>;
  /** Where the rows are in a larger batch, of which other processes have the others; in the order of these rows. */
  shard?: Shard;
  /**
   * Of a net with a decoder, and must be given there: what the decoder reads, tokens `[T, B]` or values `[T, B, width]` with a T of
   * its own, which is that of the output. All its steps count: a target of weight 0, or one that the loss ignores, is padding.
   */
  decoderInput?: ArrayLike<number>;
}

/** One call of a session: its size, and where the caller's rows are. */
export interface PackedBatch extends BatchShape {
  /** Steps of the caller's sequences, and the first of them that this call runs: 0 and T unless it is a segment. */
  readonly totalSteps: number;
  readonly offset: number;
  /** Lengths of the caller's sequences by descending size, when they were given. */
  readonly lengths?: Int32Array;
  /** Whether states start from their own beginning: zeros, or what was learned. */
  readonly fresh: boolean;
  /** The caller's row at each of our rows, when they were sorted. */
  readonly order?: Int32Array;
  /** The same rows in the decoder, if there is one. */
  readonly decoder?: PackedBatch;
}

/** A call of T steps and B rows, each row as long as T or as `lengths` says (B integers from 1 to T, any order). */
export function packBatch(
  { T, B, training, fresh, shard }: { T: number; B: number; training: boolean; fresh: boolean; shard?: Shard },
  lengths?: ArrayLike<number>,
): PackedBatch {
  const extent = { T, B, training, fresh, shard, totalSteps: T, offset: 0 };
  if (lengths === undefined) return { ...extent, active: () => B };
  if (lengths.length !== B) {
    throw new ShapeError(`Cannot run a sequence: "lengths" must have ${B} elements, one a row, got ${lengths.length}`);
  }
  for (let b = 0; b < B; b++) {
    const length = lengths[b];
    if (!Number.isInteger(length) || length < 1 || length > T) {
      throw new OptionError(`Every element of "lengths" must be an integer from 1 to ${T}, got ${length} at ${b}`);
    }
  }
  // Typed arrays sort stably, so equal lengths keep their order.
  const order = Int32Array.from({ length: B }, (_, b) => b).sort((a, b) => lengths[b] - lengths[a]);
  const sorted = Int32Array.from(order, (b) => lengths[b]);
  const counts = new Int32Array(T);
  for (let t = 0, n = B; t < T; t++) {
    while (n > 0 && sorted[n - 1] <= t) n--;
    counts[t] = n;
  }
  const placed = shard && { B: shard.B, rows: Int32Array.from(order, (b) => shard.rows[b]) };
  return { ...extent, shard: placed, active: (t) => counts[t], lengths: sorted, order };
}

/** The call as what there is once for a sequence sees it: one step, in which all rows take part. */
export function oneStep(call: PackedBatch): PackedBatch {
  return { ...call, ...oneStepShape(call), totalSteps: 1, offset: 0, lengths: undefined };
}

/** The call with a decoder of T steps. */
export function withDecoder(call: PackedBatch, T: number): PackedBatch {
  return { ...call, decoder: { ...oneStep(call), T, totalSteps: T, source: call } };
}

/** The steps of a call, and behind them those of its decoder. */
export function allSteps({ T, B, active, decoder }: PackedBatch): Pick<PackedBatch, "T" | "B" | "active"> {
  return { T: T + (decoder?.T ?? 0), B, active: (t) => t < T ? active(t) : B };
}

/** The call as a part of the net sees it. */
export function callOf({ output, decoder }: Pick<LayerPart, "output" | "decoder">, call: PackedBatch): PackedBatch {
  return output.steps === "one" ? oneStep(call) : decoder ? call.decoder! : call;
}

/** Steps `from` to `from + T` of a call, with the states that they find. */
export function segment(call: PackedBatch, from: number, T: number): PackedBatch {
  return { ...call, T, offset: from, fresh: call.fresh && from === 0, active: (t) => call.active(from + t) };
}
