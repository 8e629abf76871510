/** A part of the memory that begins at `base`, which is known after `Planner.finish`. */
export interface Region {
  base: number;
}

/**
 * A matrix in the arena: `rows` rows of `columns` elements, one row every `stride` elements.
 *
 * A sequence is stored step after step, B rows a step. A slot that needs no history holds only the last `period` steps:
 * step t then replaces step t - period. States have a `lead`, the largest B of a call: for every B, state 0 ends and
 * state 1 begins at row `lead`, so that the outputs of all steps are one block of rows whose address does not depend on
 * B.
 */
export class Slot {
  readonly #region: Region;
  readonly #offset: number;

  /** The planner makes slots. */
  constructor(
    /** Name in the memory plan. */
    readonly name: string,
    /** Number of rows. */
    readonly rows: number,
    /** Elements of a row. */
    readonly columns: number,
    /** Elements from one row to the next. */
    readonly stride: number,
    region: Region,
    offset: number,
    /** Number of steps that the slot holds. */
    readonly period: number = Infinity,
    /** Rows before state 1. */
    readonly lead: number = 0,
  ) {
    this.#region = region;
    this.#offset = offset;
  }

  /** Address of the first element. */
  get address(): number {
    return this.#region.base + this.#offset;
  }

  /** Address of a row. */
  at(row: number): number {
    return this.#region.base + this.#offset + row * this.stride * 4;
  }

  /** The first row of step t when a step has B rows. */
  row(t: number, B: number): number {
    // The remainder of an infinite period would be a number on the heap.
    return (t < this.period ? t : t % this.period) * B + (this.lead && this.lead - B);
  }

  /** Address of step t when a step has B rows. */
  step(t: number, B: number): number {
    return this.at(this.row(t, B));
  }

  /** Bytes from the first element to the end of the last row. */
  get bytes(): number {
    return this.rows * this.stride * 4;
  }

  /** `count` columns of all rows, from column `from` on. */
  slice(from: number, count: number): Slot {
    const offset = this.#offset + from * 4;
    return new Slot(this.name, this.rows, count, this.stride, this.#region, offset, this.period, this.lead);
  }

  /** The rows from `lead` on: states 1, 2, ... as a sequence. */
  get outputs(): Slot {
    const offset = this.#offset + this.lead * this.stride * 4;
    return new Slot(this.name, this.rows - this.lead, this.columns, this.stride, this.#region, offset);
  }
}

/**
 * Elements from one row to the next. The stride of a row of 64 or more elements is an odd number of cache lines (64
 * bytes): a stride that is a power of two maps a column of rows onto a few cache sets (weight-gradient product 40 -> 57
 * GFLOP/s with the odd stride, Zen 5).
 */
export function rowStride(columns: number): number {
  if (columns < 64) return Math.ceil(columns / 4) * 4;
  const lines = Math.ceil(columns / 16);
  return (lines % 2 === 0 ? lines + 1 : lines) * 16;
}
