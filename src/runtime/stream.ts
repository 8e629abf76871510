import { OptionError, requireBelow, requireInteger, ShapeError } from "../errors.ts";
import { packBatch, type PackedBatch, type States } from "./packed_batch.ts";
import type { Runner } from "./runner.ts";

/**
 * A sequence run one step at a time, with states of its own: the same bits as the whole sequence at once in the exact build, as every
 * row of every product is one chain. Made by `Session.stream`.
 */
export class Stream {
  readonly #passes: Runner;
  readonly #call: PackedBatch;
  readonly #states: States = {};
  #fresh = true;

  /** Streams are made by `Session.stream`. */
  constructor(passes: Runner, B: number) {
    this.#passes = passes;
    this.#call = packBatch({ T: 1, B, training: false, fresh: true });
  }

  /** Rows B. */
  get batch(): number {
    return this.#call.B;
  }

  /** One step: x is B tokens or B rows of values; returns `[B, output]`, in `output` if given: then nothing is allocated. */
  step(x: ArrayLike<number>, output?: Float32Array): Float32Array {
    const { plan: { layer }, io: border } = this.#passes, call = this.#call, size = call.B * layer.output.width;
    if (output && output.length !== size) {
      throw new ShapeError(`Cannot run a step: "output" must have ${size} elements, got ${output.length}`);
    }
    if (this.#passes.check(x, { batch: call.B }, false).T !== 1) {
      throw new ShapeError(`Cannot run a step: "x" must be one step of ${call.B} rows, got ${x.length} elements`);
    }
    this.#passes.runApart(call, (k) => {
      border.writeInput(x, call);
      border.writeStates(k, call, this.#fresh ? "zero" : this.#states, undefined);
      layer.forward(k, call);
    });
    this.#fresh = false;
    border.lastStates(call, this.#states);
    return border.readOutput(call, output);
  }

  /**
   * Row b goes on from the states of row `rows[b]`: rows are put in another order, dropped, repeated, as a beam search
   * does it with its hypotheses.
   *
   * @throws {ShapeError} When there are not B of them.
   * @throws {OptionError} When one is not an integer from 0 to B - 1.
   */
  select(rows: ArrayLike<number>): void {
    selectRows(this.#fresh ? {} : this.#states, rows, this.#call.B); // at first no row has states of its own
  }

  /** Start again from the beginning. */
  reset(): void {
    this.#fresh = true;
  }
}

/** Row b of the states becomes row `rows[b]`. */
export function selectRows(all: States, rows: ArrayLike<number>, B: number): void {
  if (rows.length !== B) throw new ShapeError(`Cannot select: "rows" must have ${B} elements, got ${rows.length}`);
  for (let b = 0; b < B; b++) requireBelow("rows", rows[b], b, B);
  for (const states of Object.values(all)) {
    const width = states.length / B, before = states.slice();
    for (let b = 0; b < B; b++) states.set(before.subarray(rows[b] * width, (rows[b] + 1) * width), b * width);
  }
}

/** A stream of so many rows over a session's passes. */
export function openStream(passes: Runner, batch: number): Stream {
  void passes.kernels;
  const { wholeSequence, options } = passes.plan;
  requireInteger("batch", batch, 1, options.batch);
  if (wholeSequence) throw new OptionError(`Cannot make a stream: ${wholeSequence} must see a sequence whole`);
  return new Stream(passes, batch);
}
