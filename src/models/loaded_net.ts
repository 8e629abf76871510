import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import { Border } from "./border.ts";
import type { CallOptions, States } from "./call.ts";
import { Passes } from "./passes.ts";
import type { NetPlan } from "./plan.ts";
import { openStream, type Stream } from "./stream.ts";
import type { LoadOptions, Tensors } from "./tensors.ts";

/** The passes of a loaded net, for what else runs nets. */
export let loadedPassesOf: (net: LoadedNet) => Passes;

/**
 * A net with given parameters in one memory, which it runs and does not train: a `Session` without all that. Made by
 * `load`. What it returns is a copy. Sequences are time-major, `[T, B, ...]`.
 */
export class LoadedNet implements Disposable {
  readonly #passes: Passes;

  static {
    loadedPassesOf = (net) => net.#passes;
  }

  /** Loaded nets are made by `load`. */
  constructor(plan: NetPlan, kernels: Kernels, arena: Arena, tensors: Tensors, options: LoadOptions) {
    const border = new Border(plan, arena);
    this.#passes = new Passes(plan, kernels, border);
    for (const { slot, numbers } of plan.planner.constants) border.write(slot, numbers);
    border.parameters.set(tensors, options);
    this.#passes.refresh();
  }

  /**
   * Run a sequence, as `Session.forward` does. x is tokens `[T, B]` or values `[T, B, input]`; returns the outputs
   * `[T, B, output]`.
   *
   * @throws {ShapeError} When x does not divide into steps, or has more of them than the net was loaded for.
   */
  forward(x: ArrayLike<number>, options: CallOptions = {}): Float32Array {
    return this.#passes.forward(x, options, false);
  }

  /** Run a sequence and take the softmax of its outputs divided by `temperature` (above 0, default 1). */
  probabilities(x: ArrayLike<number>, options: CallOptions & { temperature?: number } = {}): Float32Array {
    return this.#passes.probabilities(x, options);
  }

  /** A stream of `batch` rows (default 1), run one step at a time with states of its own. */
  stream({ batch = 1 }: { batch?: number } = {}): Stream {
    return openStream(this.#passes, batch);
  }

  /** Copies of the states after the last call, `[B, H]` each. */
  states(): States {
    return this.#passes.states();
  }

  /** Give up the memory; every later call throws DisposedError. */
  [Symbol.dispose](): void {
    this.#passes.release();
  }
}
