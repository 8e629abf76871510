import { OptionError, requireNumber } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Nonlinearity } from "./activation.ts";
import type { Peephole } from "./peephole.ts";
import type { RowBlock, Step } from "./step.ts";

/** Some columns of z under a nonlinearity, in place: a step finds there what goes in, and leaves the gate. */
export interface Gate {
  /** The columns at a step. */
  now(s: Step): RowBlock;
  /** a = f(z), or f(z + p c) of a gate with a peephole. Returns where the gate is. */
  forward(s: Step, c?: RowBlock): RowBlock;
  /** From da, the gradient of the gate, to that of z in the gate's place; of a peephole also dc += p dz. */
  backward(s: Step, da: RowBlock, dc?: RowBlock): void;
  /** The gradient of a peephole from the cell states that it saw, T * B rows from row `first` on. */
  gradient(k: Kernels, c: Slot, first: number, rows: number): void;
}

/** Options of a gate. */
export interface GateOptions {
  /** When given, what the nonlinearity gets is clamped to [-clip, clip], as in ONNX. */
  readonly clip?: number;
  /** When given, the gate sees the cell state. */
  readonly peephole?: Peephole;
}

/** What a gate needs of its cell's memory. */
export interface GateContext {
  readonly scope: Scope;
  readonly z: Slot;
  savedActivation(name: string, columns: number): Slot;
}

/** The gate in `count` columns of z, from column `from` on. */
export function gate(
  { scope, z, savedActivation }: GateContext,
  from: number,
  count: number,
  f: Nonlinearity,
  { clip, peephole }: GateOptions = {},
): Gate {
  const slot = z.slice(from, count), limit = clip === undefined ? undefined : scope.constant("limit of z", [clip]);
  // The gate takes z's place. A gradient that asks for z has to find it elsewhere.
  const kept = limit || !f.fromOutput ? savedActivation(`z ${from}`, count) : undefined;
  return {
    now: (s) => s.now(slot),

    forward(s, c) {
      const a = s.now(slot);
      if (c) peephole?.forward(s, a, c);
      if (kept) s.copy(s.now(kept), a);
      if (limit) s.clamp(limit, a, a);
      s.activate(f, a, a);
      return a;
    },

    backward(s, da, dc) {
      const a = s.now(slot), x = kept && s.now(kept);
      s.activateBackward(f, a, da, a, x);
      if (limit && x) s.clampBackward(limit, a, a, x);
      if (dc) peephole?.backward(s, dc, a);
    },

    gradient: (k, c, first, rows) => peephole?.gradient(k, slot, c, first, rows),
  };
}

/**
 * `clip`, when it is a number above 0.
 *
 * @throws {OptionError} Otherwise.
 */
export function requireClip(clip: number): number {
  if (requireNumber("clip", clip) > 0) return clip;
  throw new OptionError(`"clip" must be a finite number > 0, got ${clip}`);
}
