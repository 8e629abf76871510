import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import type { Shape } from "../memory/planner.ts";

/** Where an initialiser works: the flat slot to fill, a slot of two floats for its bounds, the numbers to draw. */
export interface Draw {
  /** What to fill: one row. */
  readonly value: Slot;
  /** Its shape. */
  readonly shape: Shape;
  /** Two floats. */
  readonly bounds: Slot;
  /** Write numbers into a slot, from its first element on. */
  readonly write: (slot: Slot, numbers: readonly number[]) => void;
  /** Key and stream of the counter-based generator, 32 bits each. */
  readonly seed: readonly [number, number];
  /** Number of the parameter in the net. */
  readonly stream: number;
}

/** Fills a parameter with its first values. */
export type Initialiser = (k: Kernels, draw: Draw) => void;

/** A parameter as a layer declares it. */
export interface Parameter {
  /** PyTorch's shape. */
  readonly shape: Shape;
  /** Its first values. */
  readonly initial: Initialiser;
}

/** Uniform numbers in [-bound, bound). */
export function uniform(bound: number): Initialiser {
  return (k, { value, bounds, write, seed, stream }) => {
    write(bounds, [-bound, bound]);
    k.randomUniform(value.address, bounds.address, value.columns, seed[0], seed[1], stream, 0);
  };
}

/** Normal numbers of mean 0 and standard deviation 1. */
export function normal(): Initialiser {
  return (k, { value, seed, stream }) => {
    k.randomNormal(value.address, value.columns, seed[0], seed[1], stream, 0);
  };
}

/** Zeros. */
export function zeros(): Initialiser {
  return (k, { value }) => k.zero(value.address, 1, value.columns, value.columns);
}
