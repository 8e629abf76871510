import { OptionError } from "../../errors.ts";
import type { Kernels } from "../../kernels/kernels.ts";

/** An optimizer: how parameters follow their gradients. Immutable; what changes from step to step is in `begin()` and the moments. */
export interface Optimizer {
  /** For messages. */
  readonly name: string;
  /** Moments kept for each parameter (0, 1 or 2), zero at first. */
  readonly moments: number;
  /** A new count of steps: each call of `next` gives the settings of one more step, as the kernel reads them. */
  begin(): { next(): readonly number[] };
  /** Update n parameters. Addresses of values, gradients, settings and moments. */
  update(k: Kernels, value: number, gradient: number, settings: number, moments: readonly number[], n: number): void;
}

/** Room for the settings of any optimizer, in floats. */
export const SETTINGS = 16;

/** `value`, when it is a number from `low` to below `high`. */
export function requireSetting(what: string, value: number, low: number, high = Infinity): number {
  if (value >= low && value < high) return value;
  throw new OptionError(
    `"${what}" must be a number >= ${low}${high < Infinity ? ` and < ${high}` : ""}, got ${value}`,
  );
}
