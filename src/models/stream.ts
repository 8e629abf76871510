import { ShapeError } from "../errors.ts";
import { type Call, makeCall, type States } from "./call.ts";
import type { Passes } from "./passes.ts";

/**
 * A sequence run one step at a time, with states of its own: the same bits as the whole sequence at once in the exact build, as every
 * row of every product is one chain. Made by `Session.stream`.
 */
export class Stream {
  readonly #passes: Passes;
  readonly #call: Call;
  readonly #states: States = {};
  #fresh = true;

  /** Streams are made by `Session.stream`. */
  constructor(passes: Passes, B: number) {
    this.#passes = passes;
    this.#call = makeCall({ T: 1, B, training: false, fresh: true });
  }

  /** One step: x is B tokens or B rows of values; returns `[B, output]`, in `output` if given: then nothing is allocated. */
  step(x: ArrayLike<number>, output?: Float32Array): Float32Array {
    const { plan: { layer }, border } = this.#passes, call = this.#call, size = call.B * layer.output.width;
    if (output && output.length !== size) {
      throw new ShapeError(`Cannot run a step: "output" must have ${size} elements, got ${output.length}`);
    }
    if (this.#passes.check(x, { batch: call.B }, false).T !== 1) {
      throw new ShapeError(`Cannot run a step: "x" must be one step of ${call.B} rows, got ${x.length} elements`);
    }
    this.#passes.runApart(x, call, this.#fresh ? "zero" : this.#states);
    this.#fresh = false;
    border.lastStates(call, this.#states);
    return border.readOutput(call, output);
  }

  /** Start again from the beginning. */
  reset(): void {
    this.#fresh = true;
  }
}
