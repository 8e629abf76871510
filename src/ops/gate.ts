import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Nonlinearity } from "./activation.ts";
import type { Peephole } from "./peephole.ts";
import type { RowBlock, Step } from "./step.ts";

/** Some columns of z under a nonlinearity, in place: a step reads the argument there, and writes the gate. */
export interface Gate {
  /** The columns at step s. */
  now(s: Step): RowBlock;
  /** a = f(z), or f(z + p c) for a gate with a peephole. Returns the block of the gate. */
  forward(s: Step, c?: RowBlock): RowBlock;
  /** From da, the gradient of the gate, compute dz in the gate's place; with a peephole also dc += p dz. */
  backward(s: Step, da: RowBlock, dc?: RowBlock): void;
  /** Add to the gradient of the peephole, from the cell states of T * B rows from row `first` on. */
  gradient(k: Kernels, c: Slot, first: number, rows: number): void;
}

/** Options of a gate. */
export interface GateOptions {
  /** Clamps the nonlinearity's argument to [-clip, clip], as in ONNX. Default: no limit. */
  readonly clip?: number;
  /** The peephole, for a gate that reads the cell state. Default: no peephole. */
  readonly peephole?: Peephole;
}

/** The memory of a gate's cell: a part of `CellContext`. */
export interface GateContext {
  readonly scope: Scope;
  readonly z: Slot;
  savedActivation(name: string, columns: number): Slot;
}

/** Plans the gate in `count` columns of z, from column `from` on. */
export function gate(
  { scope, z, savedActivation }: GateContext,
  from: number,
  count: number,
  f: Nonlinearity,
  { clip, peephole }: GateOptions = {},
): Gate {
  const slot = z.slice(from, count);
  const limit = clip === undefined ? undefined : scope.constant("limit of z", [clip]);
  // The gate overwrites z. A gradient that reads z needs a copy.
  const saved = limit || !f.fromOutput ? savedActivation(`z ${from}`, count) : undefined;
  return {
    now: (s) => s.now(slot),

    forward(s, c) {
      const a = s.now(slot);
      if (c) peephole?.forward(s, a, c);
      if (saved) s.copy(s.now(saved), a);
      if (limit) s.clamp(limit, a, a);
      s.activate(f, a, a);
      return a;
    },

    backward(s, da, dc) {
      const a = s.now(slot), x = saved && s.now(saved);
      s.activateBackward(f, a, da, a, x);
      if (limit && x) s.clampBackward(limit, a, a, x);
      if (dc) peephole?.backward(s, dc, a);
    },

    gradient: (k, c, first, rows) => peephole?.gradient(k, slot, c, first, rows),
  };
}
