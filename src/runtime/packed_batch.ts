import { OptionError, requireArray, ShapeError } from "../errors.ts";
import { extended, type Names } from "../options.ts";
import { type BatchShape, oneStep, shapeOf, type Shard, type TensorSpec } from "../ops/value.ts";

/** States by name (`rnn.h_l0`), each `[B, H]`. */
export type States = Record<string, Float32Array>;

/**
 * The initial states of a call: zeros (or the learned ones), the last states of the previous call, or all states by
 * name.
 */
export type InitialStates = "zero" | "carry" | States;

/** Options of a call. */
export interface CallOptions {
  /**
   * Rows B of this call, at most the session's `batch`. T follows from the length of x.
   *
   * @default the session's `batch`
   */
  batch?: number;
  /**
   * The initial states.
   *
   * @default {"zero"}
   */
  states?: InitialStates;
  /**
   * Length of each row, B integers from 1 to T, in any order. The session never reads input behind a row's length.
   * Outputs and gradients there are zero, and the last states of a row are those after its own last step.
   *
   * @default T for every row
   */
  lengths?: ArrayLike<number>;
  /** The places of these rows in a larger batch, of which other processes have the other rows. */
  shard?: Shard;
  /**
   * The input of the decoder, required by a net with a decoder and refused by others: tokens `[T, B]` or values `[T, B,
   * width]`. Its T is independent of x's, and is the T of the output. All its steps count: padding is a target of
   * weight 0, or a target that the loss ignores.
   */
  decoderInput?: ArrayLike<number>;
}

/** The options of a call. */
export const CALL: Names<CallOptions> = { batch: true, states: true, lengths: true, shard: true, decoderInput: true };

/** The options of `forward` of a net that trains. */
export const FORWARD: Names<CallOptions & { training?: boolean }> = /* @__PURE__ */ extended(CALL, { training: true });

/**
 * The shape of one call, and the order of its rows. Like PyTorch's PackedSequence: rows are sorted by descending
 * length, and `active(t)` is the batch size of step t.
 */
export interface PackedBatch extends BatchShape {
  /** Steps of the caller's sequences. T, unless this batch is a segment of them. */
  readonly totalSteps: number;
  /** The step of the caller's sequences at which this batch begins. 0, unless this batch is a segment. */
  readonly offset: number;
  /** Lengths of the caller's sequences in descending order, when the caller gave lengths. */
  readonly lengths?: Int32Array;
  /** Whether the initial states are zeros or learned, not given or carried. */
  readonly fresh: boolean;
  /** The caller's row at each row in memory, when rows are sorted. */
  readonly order?: Int32Array;
  /** The same rows in the decoder, if there is one. */
  readonly decoder?: PackedBatch;
}

/**
 * A batch of T steps and B rows, rows sorted by length.
 *
 * @param lengths B integers from 1 to T in any order. Default: every row has T steps.
 * @throws {ShapeError} When there are not B lengths.
 * @throws {OptionError} When a length is not an integer from 1 to T.
 */
export function packBatch(
  { T, B, training, fresh, shard }: { T: number; B: number; training: boolean; fresh: boolean; shard?: Shard },
  lengths?: ArrayLike<number>,
): PackedBatch {
  const shape = { T, B, training, fresh, shard, totalSteps: T, offset: 0 };
  if (lengths === undefined) return { ...shape, active: () => B };
  if (requireArray("lengths", lengths).length !== B) {
    throw new ShapeError(`Cannot run a sequence: "lengths" must have ${B} elements, one a row, got ${lengths.length}`);
  }
  const checked = new Int32Array(B); // The caller's array is read once.
  for (let b = 0; b < B; b++) {
    const length = lengths[b];
    if (!Number.isInteger(length) || length < 1 || length > T) {
      throw new OptionError(`Every element of "lengths" must be an integer from 1 to ${T}, got ${length} at ${b}`);
    }
    checked[b] = length;
  }
  // Typed arrays sort stably, so equal lengths keep their order.
  const order = Int32Array.from({ length: B }, (_, b) => b).sort((a, b) => checked[b] - checked[a]);
  const sorted = Int32Array.from(order, (b) => checked[b]);
  const batchSizes = new Int32Array(T);
  for (let t = 0, n = B; t < T; t++) {
    while (n > 0 && sorted[n - 1] <= t) n--;
    batchSizes[t] = n;
  }
  const sortedShard = shard && { B: shard.B, rows: Int32Array.from(order, (b) => shard.rows[b]) };
  return { ...shape, shard: sortedShard, active: (t) => batchSizes[t], lengths: sorted, order };
}

/** The batch with a decoder of T steps. */
export function withDecoder(batch: PackedBatch, T: number): PackedBatch {
  return { ...batch, decoder: { ...oneStep(batch), T, totalSteps: T, source: batch } };
}

/** All steps of a batch, followed by those of its decoder: the shape that threads partition. */
export function allSteps({ T, B, active, decoder }: PackedBatch): Pick<PackedBatch, "T" | "B" | "active"> {
  return { T: T + (decoder?.T ?? 0), B, active: (t) => t < T ? active(t) : B };
}

/** The batch as a tensor of the net has it, or of the net's decoder. */
export function batchOf(
  tensor: Pick<TensorSpec, "steps">,
  isDecoder: boolean | undefined,
  batch: PackedBatch,
): PackedBatch {
  return shapeOf(tensor, isDecoder ? batch.decoder! : batch);
}

/** The T steps from step `offset` on, as a batch of their own. */
export function segment(batch: PackedBatch, offset: number, T: number): PackedBatch {
  return { ...batch, T, offset, fresh: batch.fresh && offset === 0, active: (t) => batch.active(offset + t) };
}

/** The batch cut into segments of at most `steps` steps. */
export function segments(batch: PackedBatch, steps: number): PackedBatch[] {
  const count = Math.ceil(batch.T / steps);
  return Array.from({ length: count }, (_, s) => segment(batch, s * steps, Math.min(steps, batch.T - s * steps)));
}
