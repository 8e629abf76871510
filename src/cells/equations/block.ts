import type { Slot } from "../../memory/slot.ts";

/** A home in memory: a block of rows for each step, or one for all steps. */
export interface Block {
  /** The columns. */
  readonly slot: Slot;
  /** Elements of a row. */
  readonly columns: number;
  /** Elements from one row to the next. 0: all rows are one row. */
  readonly stride: number;
  /** The address at step t of B rows. */
  at(t: number, B: number): number;
}

/**
 * The block of a slot.
 *
 * @param shift Steps after the current one; undefined for a block that all steps share.
 * @param stride The stride, if it is not the slot's.
 */
export function block(slot: Slot, shift?: number, stride: number = slot.stride): Block {
  const at = shift === undefined ? () => slot.address : (t: number, B: number) => slot.step(t + shift, B);
  return { slot, columns: slot.columns, stride, at };
}
