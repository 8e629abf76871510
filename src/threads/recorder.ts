import type { Kernels } from "../kernels/kernels.ts";
import type { MemoryMap } from "../memory/planner.ts";
import { flatSignatures, NAMES, type Signature, signatures } from "./calls.ts";
import { BARRIER, END, WORDS } from "./replay.ts";
import { ALL, BATCH_ROWS, ONE_THREAD, RANGE, ROWS, Traces } from "./traces.ts";

/**
 * Kernels that write down what they are asked for: calls as numbers, a list for each thread.
 *
 * A call is cut into parts that give the same bits as the whole. A call for some of the B rows of a time step is cut
 * where the batch is, so each thread has its own rows in all steps; a call for more rows, and one for parameters, is cut
 * into equal parts. Threads wait for each other only where a call touches what another thread has written, or writes
 * what another has touched, since they last did. That is found out from the addresses, so it is right for any cell,
 * layer or loss: one whose rows do not fit together is cut less, or not at all.
 */
export class Recorder {
  readonly kernels: Kernels;
  readonly #threads: number;
  readonly #map: MemoryMap;
  readonly #programs: readonly Int32Array[];
  readonly #full: () => void;
  readonly #traces: Traces;
  readonly #bounds: number[];
  /** Of the operands of the call that is recorded: their blocks, bytes from row to row, first rows. */
  readonly #places: number[] = new Array(WORDS).fill(0);
  readonly #steps: number[] = new Array(WORDS).fill(0);
  readonly #starts: number[] = new Array(WORDS).fill(0);
  /** Words written of each program. */
  readonly #ends: number[];
  /** Rows of a time step, and which of them is each thread's first; one more at the end. */
  #B = 0;
  #rows: number[];
  #alone = true;

  /** A list of calls goes into each of `programs`, room for many; `full` is called when there is no more, and is to run them. */
  constructor(map: MemoryMap, programs: readonly Int32Array[], full: () => void) {
    this.#threads = programs.length;
    this.#map = map;
    this.#programs = programs;
    this.#full = full;
    this.#traces = new Traces(map.blocks);
    this.#bounds = new Array(this.#threads + 1).fill(0);
    this.#rows = new Array(this.#threads + 1).fill(0);
    this.#ends = programs.map(() => 0);
    this.clear();
    const record = (name: keyof Kernels, i: number) => (...args: number[]) => this.#record(i + 1, name, args);
    this.kernels = Object.fromEntries(NAMES.map((name, i) => [name, record(name, i)])) as unknown as Kernels;
  }

  /** How the rows of a batch are shared out: so that each thread has as many steps to compute. Between two runs only. */
  share({ T, B, active }: { T: number; B: number; active: (t: number) => number }): void {
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

  /** Whether no call has been recorded. */
  get empty(): boolean {
    return this.#ends.every((end) => end === WORDS);
  }

  /** Whether the first thread has all the calls. */
  get alone(): boolean {
    return this.#alone;
  }

  /** End the programs. */
  close(): void {
    this.#programs.forEach((program, thread) => program[this.#ends[thread]] = END);
  }

  /** Begin again, with programs that only wait for each other. */
  clear(): void {
    this.#traces.forget();
    this.#alone = true;
    this.#programs.forEach((program, thread) => {
      program[0] = BARRIER;
      this.#ends[thread] = WORDS;
    });
  }

  #record(kernel: number, name: keyof Kernels, args: number[]): void {
    let signature = signatures[name];
    const flat = flatSignatures[name];
    if (flat && args[signature.cut] === 1 && args[0] < this.#map.activations) signature = flat;
    // A barrier and the end need room as well.
    for (let i = 0; i < this.#threads; i++) {
      if (this.#ends[i] + 3 * WORDS > this.#programs[i].length) this.#full();
    }
    this.#locate(signature, args);
    let kind = this.#cut(signature, args);
    if (!this.#touch(signature, args, kind)) {
      this.#wait();
      if (!this.#touch(signature, args, kind)) {
        // What one part writes another one of the same call reads.
        this.#traces.forget();
        kind = this.#whole(signature, args);
        this.#touch(signature, args, kind);
      }
    }
    for (let thread = 0; thread < this.#threads; thread++) {
      const from = this.#bounds[thread], to = this.#bounds[thread + 1];
      if (to > from || (kind === ONE_THREAD && thread === 0)) this.#write(kernel, signature, args, thread, from, to);
    }
  }

  /** Where the operands are. */
  #locate({ operands }: Signature, args: number[]): void {
    for (let i = 0; i < operands.length; i++) {
      const { at, bytes, times } = operands[i], address = args[at];
      this.#steps[i] = times < 0 ? bytes : bytes * args[times];
      this.#places[i] = address ? this.#traces.find(address) : -1;
    }
  }

  /** Where to cut: sets bounds and the operands' first rows, returns the kind. */
  #cut(signature: Signature, args: number[]): number {
    const { cut, rows, unit, operands } = signature;
    if (cut < 0) return this.#whole(signature, args);
    const bounds = this.#bounds, count = args[cut], B = this.#B;
    if (!rows) {
      const units = Math.ceil(count / unit);
      for (let i = 0; i <= this.#threads; i++) {
        bounds[i] = Math.min(count, Math.floor(i * units / this.#threads) * unit);
      }
      return RANGE;
    }
    let first = -1, isBatch = count <= B;
    for (let i = 0; i < operands.length; i++) {
      const place = this.#places[i], step = this.#steps[i], address = args[operands[i].at];
      if (place < 0 || !step) continue;
      const { address: begin, lead } = this.#map.blocks[place], row = Math.floor((address - begin) / step);
      this.#starts[i] = row;
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

  #whole({ cut }: Signature, args: number[]): number {
    this.#bounds.fill(cut < 0 ? 0 : args[cut]);
    this.#bounds[0] = 0;
    return ONE_THREAD;
  }

  /** Note what the call touches; false: threads have to wait for each other before it. */
  #touch({ operands, cut, unit }: Signature, args: number[], kind: number): boolean {
    const traces = this.#traces;
    for (let i = 0; i < operands.length; i++) {
      const { at, writes, columns } = operands[i], place = this.#places[i], step = this.#steps[i];
      if (place < 0) continue;
      let fits;
      if (kind === ONE_THREAD) fits = traces.mark(place, writes, kind, 0, 0, 0);
      else if (!step || columns) fits = traces.mark(place, writes, ALL, 0, 0, 0);
      else if (kind === BATCH_ROWS) fits = traces.mark(place, writes, kind, 0, step, 0);
      else if (kind === ROWS) fits = traces.mark(place, writes, kind, this.#starts[i], step, args[cut]);
      else fits = traces.markRange(place, writes, unit, args[at], step, args[cut]);
      if (!fits) return false;
    }
    return true;
  }

  #wait(): void {
    this.#traces.forget();
    this.#programs.forEach((program, thread) => {
      program[this.#ends[thread]] = BARRIER;
      this.#ends[thread] += WORDS;
    });
  }

  #write(kernel: number, signature: Signature, args: number[], thread: number, from: number, to: number): void {
    const program = this.#programs[thread],
      at = this.#ends[thread],
      { operands, cut, unit, workspace, first } = signature;
    if (thread > 0) this.#alone = false;
    program[at] = kernel;
    for (let i = 0; i < args.length; i++) program[at + 1 + i] = args[i];
    if (cut >= 0) program[at + 1 + cut] = to - from;
    if (from > 0) {
      for (let i = 0; i < operands.length; i++) {
        if (this.#places[i] >= 0) program[at + 1 + operands[i].at] += from / unit * this.#steps[i];
      }
      if (first >= 0) program[at + 1 + first] += from;
    }
    if (workspace >= 0) program[at + 1 + workspace] += thread * this.#map.workspace;
    this.#ends[thread] = at + WORDS;
  }
}
