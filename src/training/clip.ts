import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import { type Check, positive, readOptions, requireMade, type Table } from "../options.ts";

/** Gradient clipping, against exploding gradients (Pascanu, Mikolov & Bengio 2013). */
export interface Clip {
  /** Whether the norm of all gradients together is limited, or every element. */
  readonly by: "norm" | "value";
  /** The largest norm or absolute value. */
  readonly limit: number;
  /** The order of the norm. */
  readonly p?: number;
}

const CLIP_NORM = { p: [positive, 2] } satisfies Table<{ p?: number }>;

/** The check of an option that is gradient clipping. */
export const clip: Check<Clip> = (name, value) => requireMade(name, value, "limit", "clipping, such as clipNorm(5)");

/**
 * Scales all gradients by min(1, limit / (norm + 1e-6)): PyTorch's `clip_grad_norm_` with `norm_type` p. The norm is
 * (sum of |g|^p)^(1/p) of all gradients as one vector, summed in double precision. p = 2 is the Euclidean length, p =
 * Infinity the largest absolute value. Orders other than 1, 2 and Infinity take a logarithm and an exponential for each
 * element.
 *
 * @throws {OptionError} When the limit or p is not above 0.
 *
 * @example
 * ```ts
 * import { clipNorm } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(clipNorm(5), { by: "norm", limit: 5, p: 2 });
 * assertEquals(clipNorm(0.1, { p: Infinity }).p, Infinity);
 * ```
 */
export function clipNorm(limit: number, options: { p?: number } = {}): Clip {
  return { by: "norm", limit: positive("limit", limit), p: readOptions("clipNorm", CLIP_NORM, options).p };
}

/**
 * Clamps every element of the gradients to [-limit, limit]: PyTorch's `clip_grad_value_`.
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
  return { by: "value", limit: positive("limit", limit) };
}

/** Slots of the gradient norm: f64 sums of blocks, and one f32 each for norm, scale, limit and order. */
export interface ClipSlots {
  readonly sums: Slot;
  readonly norm: Slot;
  readonly scale: Slot;
  readonly limit: Slot;
  readonly power: Slot;
}

/** Elements of a block of `sumPowers`. */
export const NORM_BLOCK = 4096;

/** Writes the norm of the gradients before clipping into `norm`, and the factor of the gradients into `scale`. */
export function measure(k: Kernels, { sums, norm, scale, limit, power }: ClipSlots, gradient: number, n: number): void {
  const blocks = Math.ceil(n / NORM_BLOCK);
  k.sumPowers(sums.address, gradient, power.address, n);
  k.clipNorm(norm.address, scale.address, sums.address, limit.address, power.address, blocks);
}

/** Clips the gradients. Runs after `measure`. */
export function apply(k: Kernels, { scale, limit }: ClipSlots, clip: Clip, gradient: number, n: number): void {
  if (clip.by === "norm") k.scale(gradient, scale.address, n);
  else k.clipValue(gradient, limit.address, n);
}
