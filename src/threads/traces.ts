import type { MemoryBlock } from "../memory/planner.ts";

/** How a block of memory is touched: every thread touches all of it, ... */
export const ALL = 0;
/** ... the first thread alone does, ... */
export const ONE_THREAD = 1;
/** ... each has its rows of a batch, in all steps, ... */
export const BATCH_ROWS = 2;
/** ... each has an equal part of the rows from row `begin` on, ... */
export const ROWS = 3;
/** ... or of what begins at address `begin`, cut at multiples of a unit, which is added to this kind. */
export const RANGE = 4;

/** The way in which a block has been touched, and whether it was written, since the barrier with this number. */
interface Trace {
  barrier: number;
  written: boolean;
  kind: number;
  begin: number;
  /** Bytes from row to row. */
  step: number;
  /** Rows. */
  count: number;
}

/**
 * What threads have touched since they last waited for each other. Two that touch a block in the same way, kind and all
 * numbers, touch different parts of it; in different ways, they may when neither writes.
 */
export class Traces {
  readonly #blocks: readonly MemoryBlock[];
  readonly #traces: readonly Trace[];
  #barrier = 1;

  /** `blocks` are in the order of addresses. */
  constructor(blocks: readonly MemoryBlock[]) {
    this.#blocks = blocks;
    this.#traces = blocks.map(() => ({ barrier: 0, written: false, kind: ALL, begin: 0, step: 0, count: 0 }));
  }

  /** Threads have waited for each other. */
  forget(): void {
    this.#barrier++;
  }

  /** Note how a block is touched; false: threads would have to wait for each other before that. */
  mark(block: number, writes: boolean, kind: number, begin: number, step: number, count: number): boolean {
    const trace = this.#traces[block];
    if (trace.barrier !== this.#barrier) {
      trace.barrier = this.#barrier;
      trace.written = writes;
      trace.kind = kind, trace.begin = begin, trace.step = step, trace.count = count;
      return true;
    }
    const same = trace.kind === kind && trace.begin === begin && trace.step === step && trace.count === count;
    if (same && kind !== ALL) {
      trace.written ||= writes;
      return true;
    }
    if (trace.written || writes) return false;
    trace.kind = ALL;
    return true;
  }

  /** The same for a range, whose step is that of a unit; it may be longer than the block that it begins in. */
  markRange(block: number, writes: boolean, unit: number, begin: number, step: number, count: number): boolean {
    const end = begin + count / unit * step;
    do {
      if (!this.mark(block, writes, RANGE + unit, begin, step, count)) return false;
    } while (++block < this.#blocks.length && this.#blocks[block].address < end);
    return true;
  }

  /** The block that an address is in. */
  find(address: number): number {
    let low = 0, high = this.#blocks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle].address <= address) low = middle;
      else high = middle;
    }
    return low;
  }
}
