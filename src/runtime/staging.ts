import { format, OptionError, requireArray, ShapeError } from "../errors.ts";
import type { Slot } from "../memory/slot.ts";
import type { RowLayout } from "./row_layout.ts";

/** The most elements of an array: those of 2 GiB of doubles. No net takes as many. */
const MOST = 2 ** 28;
/** Arrays of so many elements and more are copied at once. For fewer, a view costs more than the copy saves. */
const LONG = 16;

/**
 * The place of the tokens and targets of one call, as doubles. Each of the caller's arrays is copied once; checks and
 * writes read the copy. So an array that changes while the call runs, because it has getters or its memory is shared
 * with another thread, cannot get past a check. A refused call leaves nothing but these copies, which no other call
 * reads.
 */
export class Staging {
  readonly #layout: RowLayout;
  readonly #slot: Slot | undefined;
  readonly #capacity: number;
  #used = 0;
  #call = 0;

  constructor(layout: RowLayout, slot: Slot | undefined) {
    this.#layout = layout;
    this.#slot = slot;
    this.#capacity = slot ? slot.columns / 2 : 0;
  }

  /**
   * Begin a call. The copies of the call before are lost.
   *
   * @param lasts Whether the copies must outlast the call. They are then not in the planned place.
   * @returns The number of the call, for `requireCall`. Undefined: the copies last.
   */
  begin(lasts = false): number | undefined {
    this.#used = lasts ? this.#capacity : 0;
    return lasts ? undefined : ++this.#call;
  }

  /** @throws {OptionError} When the copies of a call were lost: a getter of the call's data has made another call. */
  requireCall(call: number | undefined): void {
    if (call === undefined || call === this.#call) return;
    throw new OptionError("Cannot run a sequence: reading its data has made another call of the same session");
  }

  /**
   * A copy of the first `n` elements of an array of the caller. An array
   * larger than the plan's, which only a sequence longer than the plan and few refused calls have, gets new memory.
   *
   * @param name The argument, for errors.
   * @param n Default: the length of the array.
   * @throws {ShapeError} When the length is not that of an array. @throws {OptionError} When an element is no number.
   */
  copy(name: string, data: ArrayLike<number>, n: number = requireArray(name, data).length): Float64Array {
    if (!Number.isInteger(n) || n < 0 || n > MOST) {
      throw new ShapeError(`Cannot read "${name}": expected an array of at most ${MOST} numbers, got length ${n}`);
    }
    const to = this.#place(n);
    if (n >= LONG && isNumeric(data)) to.set(data.subarray(0, n));
    else {
      for (let i = 0; i < n; i++) {
        const value: unknown = data[i];
        if (typeof value !== "number") {
          throw new OptionError(`Every element of "${name}" must be a number, got ${format(value)} at ${i}`);
        }
        to[i] = value;
      }
    }
    return to;
  }

  #place(n: number): Float64Array {
    if (n > this.#capacity - this.#used) return new Float64Array(n);
    const place = this.#layout.doubles(this.#slot?.address ?? 0, this.#used, n);
    this.#used += n;
    return place;
  }
}

/** Whether an array is a typed array of numbers. */
function isNumeric(data: ArrayLike<number>): data is Float64Array {
  return ArrayBuffer.isView(data) && !(data instanceof BigInt64Array || data instanceof BigUint64Array);
}
