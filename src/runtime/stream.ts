import { OptionError, requireBelow, requireInteger, ShapeError } from "../errors.ts";
import { checkStates } from "./initial_states.ts";
import { packBatch, type PackedBatch, type States } from "./packed_batch.ts";
import { copyStates, type Runner } from "./runner.ts";

/**
 * B sequences run one step at a time, with states of their own. In the exact build the outputs have the bits of the
 * whole sequence at once, as every row of every product is one chain of additions. `Session.stream` makes streams.
 */
export class Stream {
  readonly #runner: Runner;
  readonly #batch: PackedBatch;
  /** The states after the last step; empty before the first step. */
  readonly #states: States = {};
  readonly #first: States | "zero";
  #isFirst = true;

  /** `Session.stream` makes streams. */
  constructor(runner: Runner, B: number, first: States | "zero") {
    this.#runner = runner;
    this.#first = first;
    this.#batch = packBatch({ T: 1, B, training: false, fresh: first === "zero" });
  }

  /** Rows B. */
  get batch(): number {
    return this.#batch.B;
  }

  /**
   * One step.
   *
   * @param x B tokens, or B rows of values.
   * @param output Receives the outputs, so that the step returns no new array. Default: a new array.
   * @returns The outputs `[B, output]`.
   * @throws {ShapeError} When x is not one step of B rows, or `output` has another size.
   */
  step(x: ArrayLike<number>, output?: Float32Array): Float32Array {
    const runner = this.#runner, batch = this.#batch, { B } = batch;
    const { layer } = runner.plan;
    runner.requireOpen();
    const io = runner.io.stepIO(B), size = B * layer.output.width;
    if (output && output.length !== size) {
      throw new ShapeError(`Cannot run a step: "output" must have ${size} elements, got ${output.length}`);
    }
    io.readInput(x, B);
    const k = runner.startApart(batch);
    runner.finish();
    io.writeInput();
    if (this.#isFirst) runner.io.writeStates(k, batch, this.#first, undefined);
    else io.writeStates(this.#states);
    layer.forward(k, batch);
    runner.finish();
    this.#isFirst = false;
    io.readStates(this.#states);
    const outputs = output ?? new Float32Array(size);
    io.readOutput(outputs);
    return outputs;
  }

  /**
   * Reorder, drop or repeat rows, as a beam search does with its hypotheses: row b continues from the states of row
   * `rows[b]`.
   *
   * @throws {ShapeError} When there are not B rows.
   * @throws {OptionError} When a row is not an integer from 0 to B - 1.
   */
  select(rows: ArrayLike<number>): void {
    const { B } = this.#batch;
    if (!this.#isFirst) return selectRows(this.#states, rows, B);
    selectRows({}, rows, B); // Checks the rows. Zero states are the same in all of them.
    if (this.#first === "zero") return;
    Object.assign(this.#states, copyStates(this.#first));
    selectRows(this.#states, rows, B);
    this.#isFirst = false;
  }

  /** Start again from the first states. */
  reset(): void {
    this.#isFirst = true;
  }
}

/** Replace row b of all states by row `rows[b]`. */
export function selectRows(all: States, rows: ArrayLike<number>, B: number): void {
  if (rows.length !== B) throw new ShapeError(`Cannot select: "rows" must have ${B} elements, got ${rows.length}`);
  for (let b = 0; b < B; b++) requireBelow("rows", rows[b], b, B);
  for (const states of Object.values(all)) {
    const width = states.length / B;
    const before = states.slice();
    for (let b = 0; b < B; b++) states.set(before.subarray(rows[b] * width, (rows[b] + 1) * width), b * width);
  }
}

/** A stream of `batch` rows through a net, from these states on. */
export function openStream(runner: Runner, batch: number, states: States | "zero"): Stream {
  runner.requireOpen();
  const { wholeSequence, options } = runner.plan;
  requireInteger("batch", batch, 1, options.batch);
  if (wholeSequence) throw new OptionError(`Cannot make a stream: ${wholeSequence} must see a sequence whole`);
  if (states === "zero") return new Stream(runner, batch, states);
  checkStates("states", runner.plan.layer.states, states, batch);
  return new Stream(runner, batch, copyStates(states));
}
