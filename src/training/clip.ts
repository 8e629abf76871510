import { OptionError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";

/** Gradient clipping: against exploding gradients (Pascanu, Mikolov & Bengio 2013). */
export interface Clip {
  /** What is limited: the length of all gradients together, or every element. */
  readonly by: "norm" | "value";
  /** The largest allowed. */
  readonly limit: number;
}

/**
 * Scale all gradients by min(1, limit / (norm + 1e-6)), where norm is the Euclidean length of all of them taken as one
 * vector: PyTorch's `clip_grad_norm_`.
 *
 * @throws {OptionError} When the limit is not above 0.
 *
 * @example
 * ```ts
 * import { clipNorm } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(clipNorm(5), { by: "norm", limit: 5 });
 * ```
 */
export function clipNorm(limit: number): Clip {
  return { by: "norm", limit: requireLimit(limit) };
}

/**
 * Clamp every element of the gradients to [-limit, limit]: PyTorch's `clip_grad_value_`.
 *
 * @throws {OptionError} When the limit is not above 0.
 *
 * @example
 * ```ts
 * import { clipValue } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(clipValue(1), { by: "value", limit: 1 });
 * ```
 */
export function clipValue(limit: number): Clip {
  return { by: "value", limit: requireLimit(limit) };
}

function requireLimit(limit: number): number {
  if (!(limit > 0)) throw new OptionError(`"limit" of gradient clipping must be a number > 0, got ${limit}`);
  return limit;
}

/** Slots of the gradient norm: f64 sums of blocks, one f32 each for norm, scale and limit. */
export interface ClipSlots {
  readonly sums: Slot;
  readonly norm: Slot;
  readonly scale: Slot;
  readonly limit: Slot;
}

/** Elements a block of `sumSquares`. */
export const NORM_BLOCK = 4096;

/** The norm of the gradients, before clipping, into `norm`; what to clip with into `scale`. `limit` holds the clip's limit. */
export function measure(k: Kernels, { sums, norm, scale, limit }: ClipSlots, gradient: number, n: number): void {
  k.sumSquares(sums.address, gradient, n);
  k.clipNorm(norm.address, scale.address, sums.address, limit.address, Math.ceil(n / NORM_BLOCK));
}

/** Clip the gradients as `clip` says; after `measure`. */
export function apply(k: Kernels, { scale, limit }: ClipSlots, clip: Clip, gradient: number, n: number): void {
  if (clip.by === "norm") k.scale(gradient, scale.address, n);
  else k.clipValue(gradient, limit.address, n);
}
