import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import type { Nonlinearity } from "./activation.ts";

/** A block of rows in memory. A slot is a block: its first rows. */
export interface RowBlock {
  /** Address of the first element. */
  readonly address: number;
  /** Elements of a row. */
  readonly columns: number;
  /** Elements from one row to the next. 0: all rows are one row. */
  readonly stride: number;
}

/**
 * Elementwise operations on the rows of step t, in a call with B rows of which the first n are active. Each method runs
 * one kernel with the addresses and strides of blocks. An output may be one of the inputs.
 */
export class Step {
  readonly #k: Kernels;
  readonly #t: number;
  readonly #B: number;
  readonly #n: number;

  /** The arguments of a cell's `forward` and `backward`. */
  constructor(k: Kernels, t: number, B: number, n: number) {
    this.#k = k;
    this.#t = t;
    this.#B = B;
    this.#n = n;
  }

  /** The rows of this step. Of a state: the state before the step. */
  now(slot: Slot): RowBlock {
    return { address: slot.step(this.#t, this.#B), columns: slot.columns, stride: slot.stride };
  }

  /** The rows of the next step. Of a state: the state after the step. */
  next(slot: Slot): RowBlock {
    return { address: slot.step(this.#t + 1, this.#B), columns: slot.columns, stride: slot.stride };
  }

  /** A vector as a block whose rows are all equal. For inputs only. */
  broadcast({ address, columns }: Slot): RowBlock {
    return { address, columns, stride: 0 };
  }

  /** y = x */
  copy(y: RowBlock, x: RowBlock): void {
    this.#k.copy(y.address, x.address, this.#n, y.columns, y.stride, x.stride);
  }

  /** y = a + b */
  add(y: RowBlock, a: RowBlock, b: RowBlock): void {
    this.#k.add(y.address, a.address, b.address, this.#n, y.columns, y.stride, a.stride, b.stride);
  }

  /** y = a - b */
  subtract(y: RowBlock, a: RowBlock, b: RowBlock): void {
    this.#k.subtract(y.address, a.address, b.address, this.#n, y.columns, y.stride, a.stride, b.stride);
  }

  /** y = a b */
  multiply(y: RowBlock, a: RowBlock, b: RowBlock): void {
    this.#k.multiply(y.address, a.address, b.address, this.#n, y.columns, y.stride, a.stride, b.stride);
  }

  /** y += a b */
  multiplyAdd(y: RowBlock, a: RowBlock, b: RowBlock): void {
    this.#k.multiplyAdd(y.address, a.address, b.address, this.#n, y.columns, y.stride, a.stride, b.stride);
  }

  /** y = f(x) */
  activate(f: Nonlinearity, y: RowBlock, x: RowBlock): void {
    f.forward(this.#k, y.address, x.address, this.#n, y.columns, y.stride, x.stride);
  }

  /** dx = dy f'(x) with y = f(x). Reads y when the nonlinearity is `fromOutput`, else x. */
  activateBackward(f: Nonlinearity, dx: RowBlock, dy: RowBlock, y: RowBlock, x: RowBlock = y): void {
    const k = this.#k, n = this.#n, { columns, stride } = dx;
    f.backward(k, dx.address, dy.address, x.address, y.address, n, columns, stride, dy.stride, x.stride, y.stride);
  }

  /** y = x clamped to [-l, l], where l is the number in `limit` */
  clamp(limit: Slot, y: RowBlock, x: RowBlock): void {
    this.#k.clamp(y.address, x.address, limit.address, this.#n, y.columns, y.stride, x.stride);
  }

  /** dx = dy where x is in [-l, l], else 0 */
  clampBackward(limit: Slot, dx: RowBlock, dy: RowBlock, x: RowBlock): void {
    const { address, columns, stride } = dx;
    this.#k.clampBackward(address, dy.address, x.address, limit.address, this.#n, columns, stride, dy.stride, x.stride);
  }
}
