import type { CallOptions, States } from "./packed_batch.ts";
import type { Runner } from "./runner.ts";
import { openStream, type Stream } from "./stream.ts";

/** The passes of a net, for what else runs nets. */
export let passesOf: (net: CompiledNet) => Runner;

/**
 * A net in one memory, and the calls that run it. What it returns is a copy. Sequences are time-major, `[T, B, ...]`, where
 * it was not compiled to have the batch first.
 */
export abstract class CompiledNet implements Disposable {
  readonly #passes: Runner;

  static {
    passesOf = (net) => net.#passes;
  }

  /** Nets are compiled by `compile` and by `load`. */
  constructor(passes: Runner) {
    this.#passes = passes;
  }

  /**
   * Run a sequence. x is tokens `[T, B]` or values `[T, B, input]`; returns the outputs `[T, B, output]`; `[B, output]`
   * where the net gives one row a sequence; `[2, ...]` with merge `"none"`.
   *
   * @throws {ShapeError} When x does not divide into steps, or has more of them than the net was compiled for.
   */
  forward(x: ArrayLike<number>, options: CallOptions = {}): Float32Array {
    return this.#passes.forward(x, options, false);
  }

  /**
   * Run a sequence and take the softmax of its outputs divided by `temperature` (above 0, default 1): `[T, B, output]`
   * probabilities.
   */
  probabilities(x: ArrayLike<number>, options: CallOptions & { temperature?: number } = {}): Float32Array {
    return this.#passes.probabilities(x, options);
  }

  /**
   * A stream of `batch` rows (default 1) that is run one step at a time, with states of its own that start from zero (or what was
   * learned). It shares the parameters: training between two steps shows in the next one.
   */
  stream({ batch = 1 }: { batch?: number } = {}): Stream {
    return openStream(this.#passes, batch);
  }

  /** Copies of the states after the last call, `[B, H]` each. */
  states(): States {
    return this.#passes.states();
  }

  /** Give up the memory and end the workers, if there are any; every later call throws DisposedError. */
  [Symbol.dispose](): void {
    this.#passes.release();
  }
}
