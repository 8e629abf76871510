import { flatSignatures, KERNEL_NAMES, type Signature, signatures } from "../kernels/access.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { MemoryMap } from "../memory/memory_map.ts";
import { ALL, BATCH_ROWS, HazardTracker, ONE_THREAD, RANGE, ROWS } from "./hazards.ts";
import { BARRIER, COMMAND_WORDS, END } from "./replay.ts";

/** The steps of a batch: T steps of B rows, of which `active(t)` take part in step t. */
export interface BatchSteps {
  readonly T: number;
  readonly B: number;
  active(t: number): number;
}

/**
 * Kernels that record their calls, as integers, into a command buffer for each thread.
 *
 * The recorder partitions a call into parts that give the bits of the whole. A call for some of the B rows of a time
 * step is partitioned as the batch is, so each thread has its own rows in all steps. A call for more rows, or for
 * parameters, is partitioned into equal parts. A barrier is recorded only where a call reads what another thread has
 * written since the last barrier, or writes what another thread has accessed. The recorder compares addresses, so this
 * holds for any cell, layer or loss: a call whose rows do not fit together gets more barriers, or is not partitioned.
 */
export class Recorder {
  /** The kernels that record. */
  readonly kernels: Kernels;
  /** Threads that get parts. */
  #threads: number;
  readonly #map: MemoryMap;
  readonly #buffers: readonly Int32Array[];
  readonly #onFull: () => void;
  readonly #hazards: HazardTracker;
  /** The parts of the current call: thread i has the rows from bounds[i] to below bounds[i + 1]. */
  readonly #bounds: number[];
  /** Of each operand of the current call: its memory block, the bytes from row to row, its first row in the block. */
  readonly #blocks: number[] = new Array(COMMAND_WORDS).fill(0);
  readonly #steps: number[] = new Array(COMMAND_WORDS).fill(0);
  readonly #firstRows: number[] = new Array(COMMAND_WORDS).fill(0);
  /** Integers written into each command buffer. */
  readonly #ends: number[];
  /** Rows of a time step, and the first of these rows in each thread; one more entry ends the last thread's. */
  #B = 0;
  #rows: number[];
  #solo = true;

  /**
   * @param map The memory of the net.
   * @param buffers A command buffer for each thread, with room for several commands.
   * @param onFull Runs the commands and clears the recorder. Called when a command buffer has no more room.
   */
  constructor(map: MemoryMap, buffers: readonly Int32Array[], onFull: () => void) {
    this.#threads = buffers.length;
    this.#map = map;
    this.#buffers = buffers;
    this.#onFull = onFull;
    this.#hazards = new HazardTracker(map.blocks);
    this.#bounds = new Array(this.#threads + 1).fill(0);
    this.#rows = new Array(this.#threads + 1).fill(0);
    this.#ends = buffers.map(() => 0);
    this.clear();
    const record = (name: keyof Kernels, i: number) => (...args: number[]) => this.#record(i + 1, name, args);
    this.kernels = Object.fromEntries(KERNEL_NAMES.map((name, i) => [name, record(name, i)])) as unknown as Kernels;
  }

  /**
   * Partition the rows of a batch so that each thread computes about as many steps. Call only while no call is
   * recorded.
   */
  partition({ T, B, active }: BatchSteps): void {
    const steps = new Array<number>(B).fill(0);
    let total = 0;
    for (let t = 0; t < T; t++) {
      const n = active(t);
      total += n;
      if (n > 0) steps[n - 1]++;
    }
    // Row b takes part in every step that has more than b rows.
    for (let b = B - 2; b >= 0; b--) steps[b] += steps[b + 1];
    this.#B = B;
    this.#rows = [0];
    let before = 0;
    for (let b = 0; b < B; before += steps[b++]) {
      while (this.#rows.length < this.#threads && before >= this.#rows.length * total / this.#threads) {
        this.#rows.push(b);
      }
    }
    while (this.#rows.length <= this.#threads) this.#rows.push(B);
  }

  /** Partition all later calls among the first `threads` threads. Call only while no call is recorded. */
  use(threads: number): void {
    this.#threads = threads;
    this.#B = 0; // The rows of the batch are partitioned anew by the next `partition`.
  }

  /** Whether no call is recorded. */
  get empty(): boolean {
    return this.#ends.every((end) => end === COMMAND_WORDS);
  }

  /** Whether the first thread has all recorded calls. */
  get solo(): boolean {
    return this.#solo;
  }

  /** End the command buffers. */
  close(): void {
    this.#buffers.forEach((buffer, thread) => buffer[this.#ends[thread]] = END);
  }

  /** Begin again, with command buffers that hold one barrier. */
  clear(): void {
    this.#hazards.passBarrier();
    this.#solo = true;
    this.#buffers.forEach((buffer, thread) => {
      buffer[0] = BARRIER;
      this.#ends[thread] = COMMAND_WORDS;
    });
  }

  #record(kernel: number, name: keyof Kernels, args: number[]): void {
    let signature = signatures[name];
    const flat = flatSignatures[name];
    if (flat && args[signature.partitioned] === 1 && args[0] < this.#map.activations) signature = flat;
    // A barrier and the end need room as well.
    for (let i = 0; i < this.#threads; i++) {
      if (this.#ends[i] + 3 * COMMAND_WORDS > this.#buffers[i].length) this.#onFull();
    }
    this.#locate(signature, args);
    let pattern = this.#partition(signature, args);
    if (!this.#access(signature, args, pattern)) {
      this.#barrier();
      if (!this.#access(signature, args, pattern)) {
        // One part of the call reads what another part of it writes.
        this.#hazards.passBarrier();
        pattern = this.#whole(signature, args);
        this.#access(signature, args, pattern);
      }
    }
    for (let thread = 0; thread < this.#threads; thread++) {
      const from = this.#bounds[thread], to = this.#bounds[thread + 1];
      if (to > from || (pattern === ONE_THREAD && thread === 0)) this.#write(kernel, signature, args, thread, from, to);
    }
  }

  /** Find the operands' blocks, and their bytes from row to row. */
  #locate({ operands }: Signature, args: number[]): void {
    for (let i = 0; i < operands.length; i++) {
      const { argument, bytes, factor } = operands[i];
      const address = args[argument];
      this.#steps[i] = factor < 0 ? bytes : bytes * args[factor];
      this.#blocks[i] = address ? this.#hazards.find(address) : -1;
    }
  }

  /** Partition a call: set the bounds and the operands' first rows. Returns the access pattern. */
  #partition(signature: Signature, args: number[]): number {
    const { partitioned, activationRows, unit, operands } = signature;
    if (partitioned < 0) return this.#whole(signature, args);
    const bounds = this.#bounds;
    const count = args[partitioned];
    const B = this.#B;
    if (!activationRows) {
      const units = Math.ceil(count / unit);
      for (let i = 0; i <= this.#threads; i++) {
        bounds[i] = Math.min(count, Math.floor(i * units / this.#threads) * unit);
      }
      return RANGE;
    }
    let first = -1, isBatch = count <= B;
    for (let i = 0; i < operands.length; i++) {
      const block = this.#blocks[i], step = this.#steps[i], address = args[operands[i].argument];
      if (block < 0 || !step) continue;
      const { address: begin, lead } = this.#map.blocks[block];
      const row = Math.floor((address - begin) / step);
      this.#firstRows[i] = row;
      const b = (row + B - lead % B) % B;
      if (first < 0) first = b;
      if (b !== first || address < this.#map.activations) isBatch = false;
    }
    if (isBatch && first >= 0 && first + count <= B) {
      for (let i = 0; i <= this.#threads; i++) bounds[i] = Math.min(count, Math.max(0, this.#rows[i] - first));
      return BATCH_ROWS;
    }
    for (let i = 0; i <= this.#threads; i++) bounds[i] = Math.floor(i * count / this.#threads);
    return ROWS;
  }

  /** Leave a call whole, to the first thread. */
  #whole({ partitioned }: Signature, args: number[]): number {
    this.#bounds.fill(partitioned < 0 ? 0 : args[partitioned]);
    this.#bounds[0] = 0;
    return ONE_THREAD;
  }

  /** Note what the call accesses. Returns false when a barrier is needed before the call. */
  #access({ operands, partitioned, unit }: Signature, args: number[], pattern: number): boolean {
    const hazards = this.#hazards;
    for (let i = 0; i < operands.length; i++) {
      const { argument, writes, columns } = operands[i];
      const block = this.#blocks[i], step = this.#steps[i];
      if (block < 0) continue;
      let safe;
      if (pattern === ONE_THREAD) safe = hazards.access(block, writes, pattern, 0, 0, 0);
      else if (!step || columns) safe = hazards.access(block, writes, ALL, 0, 0, 0);
      else if (pattern === BATCH_ROWS) safe = hazards.access(block, writes, pattern, 0, step, 0);
      else if (pattern === ROWS) {
        safe = hazards.access(block, writes, pattern, this.#firstRows[i], step, args[partitioned]);
      } else safe = hazards.accessRange(block, writes, unit, args[argument], step, args[partitioned]);
      if (!safe) return false;
    }
    return true;
  }

  #barrier(): void {
    this.#hazards.passBarrier();
    this.#buffers.forEach((buffer, thread) => {
      buffer[this.#ends[thread]] = BARRIER;
      this.#ends[thread] += COMMAND_WORDS;
    });
  }

  /** Write one thread's part of a call: rows `from` to below `to`. */
  #write(kernel: number, signature: Signature, args: number[], thread: number, from: number, to: number): void {
    const { operands, partitioned, unit, workspace, firstRow } = signature;
    const buffer = this.#buffers[thread];
    const at = this.#ends[thread];
    if (thread > 0) this.#solo = false;
    buffer[at] = kernel;
    for (let i = 0; i < args.length; i++) buffer[at + 1 + i] = args[i];
    if (partitioned >= 0) buffer[at + 1 + partitioned] = to - from;
    if (from > 0) {
      for (let i = 0; i < operands.length; i++) {
        if (this.#blocks[i] >= 0) buffer[at + 1 + operands[i].argument] += from / unit * this.#steps[i];
      }
      if (firstRow >= 0) buffer[at + 1 + firstRow] += from;
    }
    if (workspace >= 0) buffer[at + 1 + workspace] += thread * this.#map.workspace;
    this.#ends[thread] = at + COMMAND_WORDS;
  }
}
