import { OptionError, requireArray, requireNumbers } from "../errors.ts";
import type { Slot } from "../memory/slot.ts";
import type { RowLayout } from "./row_layout.ts";

/** The most elements of an array: those of 2 GiB of doubles. No net takes as many. */
const MOST = 2 ** 28;

/**
 * The place of the tokens and targets of one call, as doubles. Each of the caller's arrays is copied once; checks and
 * writes read the copy. So an array that changes while the call runs, because it has getters or its memory is shared
 * with another thread, cannot get past a check. A refused call leaves nothing but these copies, which no other call
 * reads.
 */
export class Staging {
  readonly #layout: RowLayout;
  readonly #slot: Slot | undefined;
  /** The number of doubles that are free, at the beginning of the place. */
  #free = 0;
  #call = 0;
  /** Views of the place. A copy of the same size at the same place as in the call before has the same view. */
  #views: Float64Array[] = [];
  /** The number of views of this call. */
  #used = 0;

  constructor(layout: RowLayout, slot: Slot | undefined) {
    this.#layout = layout;
    this.#slot = slot;
  }

  /** Release the memory. */
  release(): void {
    this.#views = [];
  }

  /**
   * Begin a call. The copies of the call before are lost.
   *
   * @param lasts Whether the copies must outlast the call. They are then not in the planned place.
   * @returns The number of the call, for `requireCall`. Infinity: the copies last.
   */
  begin(lasts = false): number {
    this.#free = lasts ? 0 : (this.#slot?.columns ?? 0) / 2;
    this.#used = 0;
    this.#call++;
    return lasts ? Infinity : this.#call;
  }

  /** @throws {OptionError} When the copies of a call were lost: a getter of the call's data has made another call. */
  requireCall(call: number): void {
    if (call >= this.#call) return;
    throw new OptionError("Reading the data has made another call of the same session");
  }

  /**
   * A copy of the first `n` elements of an array of the caller. An array larger than the plan's gets new memory; only
   * sequences longer than the plan, padded labels and refused calls have such arrays. An array that no check of sizes
   * accepts is not copied: the result has its length alone.
   *
   * @param name The argument, for errors.
   * @param n Default: the length of the array.
   * @throws {ShapeError} When it is no array. @throws {OptionError} When an element of it is not a number.
   */
  copy(name: string, data: ArrayLike<number>, n: number = requireArray(name, data).length): ArrayLike<number> {
    if (n > MOST) return { length: n };
    return requireNumbers(name, data, n > this.#free ? new Float64Array(n) : this.#view(n));
  }

  #view(n: number): Float64Array {
    const address = this.#slot!.address + 8 * (this.#free -= n), i = this.#used++;
    const view = this.#views[i];
    if (view?.length === n && view.byteOffset === address) return view;
    return this.#views[i] = this.#layout.doubles(address, n);
  }
}
