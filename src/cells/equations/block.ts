import type { Slot } from "../../memory/slot.ts";

/**
 * A home in memory: a block of rows for each step, or one for all steps. The addresses of a call's sizes are computed
 * once, at the first use with these sizes.
 */
export class Block {
  /** Elements of a row. */
  readonly columns: number;
  /** Elements from one row to the next. 0: all rows are one row. */
  readonly stride: number;
  readonly #mask: number;
  #B = 0;
  #base = 0;
  #bytes = 0;

  /**
   * @param slot The columns.
   * @param shift Steps after the current one; undefined for a block that all steps share.
   * @param stride The stride, if it is not the slot's.
   */
  constructor(readonly slot: Slot, readonly shift?: number, stride: number = slot.stride) {
    this.columns = slot.columns;
    this.stride = stride;
    // Slots hold 1 step, 2 steps in turn, or all.
    this.#mask = shift === undefined ? 0 : slot.period > 2 ? -1 : slot.period - 1;
  }

  /** The address at step t of B rows. */
  at(t: number, B: number): number {
    if (B !== this.#B) {
      this.#B = B;
      this.#base = this.shift === undefined ? this.slot.address : this.slot.step(0, B);
      this.#bytes = B * this.slot.stride * 4;
    }
    return this.#base + ((t + (this.shift ?? 0)) & this.#mask) * this.#bytes;
  }

  /** The row of the slot at step t of B rows. */
  row(t: number, B: number): number {
    return this.shift === undefined ? 0 : this.slot.row(t + this.shift, B);
  }
}
