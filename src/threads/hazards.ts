import type { MemoryBlock } from "../memory/memory_map.ts";

/** Access patterns of threads to a block of memory. Every thread accesses all of the block. */
export const ALL = 0;
/** The first thread alone accesses the block. */
export const ONE_THREAD = 1;
/** Each thread accesses its rows of a batch, in all steps. */
export const BATCH_ROWS = 2;
/** Each thread accesses an equal part of the rows from row `begin` on. */
export const ROWS = 3;
/**
 * Each thread accesses a part of the range from address `begin` on. The unit at which parts begin is added to RANGE.
 */
export const RANGE = 4;

/** The accesses to one block since the barrier with number `barrier`. */
interface BlockAccess {
  barrier: number;
  written: boolean;
  pattern: number;
  /** First row (ROWS) or address (RANGE). */
  begin: number;
  /** Bytes from row to row. */
  step: number;
  /** Number of rows. */
  count: number;
}

/**
 * Finds the barriers that threads need: tracks how they have accessed each block of memory since the last barrier.
 *
 * Two accesses to a block with the same pattern and the same numbers touch, in each thread, the same part of the block,
 * so they need no barrier. Accesses of different patterns need none as long as both read.
 */
export class HazardTracker {
  readonly #blocks: readonly MemoryBlock[];
  readonly #accesses: readonly BlockAccess[];
  #barrier = 1;

  /** @param blocks All blocks, in the order of their addresses. */
  constructor(blocks: readonly MemoryBlock[]) {
    this.#blocks = blocks;
    this.#accesses = blocks.map(() => ({ barrier: 0, written: false, pattern: ALL, begin: 0, step: 0, count: 0 }));
  }

  /** Note that all threads have passed a barrier. */
  passBarrier(): void {
    this.#barrier++;
  }

  /** Note an access to a block. Returns false when a barrier is needed first. */
  access(block: number, writes: boolean, pattern: number, begin: number, step: number, count: number): boolean {
    const last = this.#accesses[block];
    if (last.barrier !== this.#barrier) {
      last.barrier = this.#barrier;
      last.written = writes;
      last.pattern = pattern;
      last.begin = begin;
      last.step = step;
      last.count = count;
      return true;
    }
    const same = last.pattern === pattern && last.begin === begin && last.step === step && last.count === count;
    if (same && pattern !== ALL) {
      last.written ||= writes;
      return true;
    }
    if (last.written || writes) return false;
    last.pattern = ALL;
    return true;
  }

  /**
   * Note an access to a range, which may be longer than the block in which the range begins. Returns false when a
   * barrier is needed first.
   *
   * @param step Bytes of one unit.
   * @param count Elements of the range.
   */
  accessRange(block: number, writes: boolean, unit: number, begin: number, step: number, count: number): boolean {
    const end = begin + count / unit * step;
    do {
      if (!this.access(block, writes, RANGE + unit, begin, step, count)) return false;
    } while (++block < this.#blocks.length && this.#blocks[block].address < end);
    return true;
  }

  /** Index of the block that contains an address. */
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
