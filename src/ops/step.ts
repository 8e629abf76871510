import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import type { Nonlinearity } from "./activation.ts";

/** Rows of numbers in memory. A slot is one: its own first rows. */
export interface RowBlock {
  /** Address of the first element. */
  readonly address: number;
  /** Elements of a row. */
  readonly columns: number;
  /** Elements from one row to the next; 0 repeats one row. */
  readonly stride: number;
}

/**
 * Step t of a call with B rows, of which the first n take part: finds the step's rows in slots, and computes with them
 * element by element. These are the kernels, with addresses and strides taken from blocks; an output may be one of its
 * inputs.
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

  /** The rows of this step; of a state, those before the step. */
  now(slot: Slot): RowBlock {
    return { address: slot.step(this.#t, this.#B), columns: slot.columns, stride: slot.stride };
  }

  /** The rows of the next step: a state after this step. */
  next(slot: Slot): RowBlock {
    return { address: slot.step(this.#t + 1, this.#B), columns: slot.columns, stride: slot.stride };
  }

  /** The same row for every row: a vector. Not for outputs. */
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

  /** dx = dy f'(x), y being f(x). Of a nonlinearity that is not `fromOutput` x is read, of others y. */
  activateBackward(f: Nonlinearity, dx: RowBlock, dy: RowBlock, y: RowBlock, x: RowBlock = y): void {
    const k = this.#k, n = this.#n, { columns, stride } = dx;
    f.backward(k, dx.address, dy.address, x.address, y.address, n, columns, stride, dy.stride, x.stride, y.stride);
  }

  /** y = x clamped to [-l, l], l the number at `limit` */
  clamp(limit: Slot, y: RowBlock, x: RowBlock): void {
    this.#k.clamp(y.address, x.address, limit.address, this.#n, y.columns, y.stride, x.stride);
  }

  /** dx = dy where x is in [-l, l], else 0 */
  clampBackward(limit: Slot, dx: RowBlock, dy: RowBlock, x: RowBlock): void {
    const { address, columns, stride } = dx;
    this.#k.clampBackward(address, dy.address, x.address, limit.address, this.#n, columns, stride, dy.stride, x.stride);
  }
}
