import type { CompiledNet } from "../../runtime/compiled_net.ts";

/** The largest call that a net is compiled for. */
export interface SessionSize {
  /** Rows B. */
  readonly batch: number;
  /** Time steps T. */
  readonly steps: number;
  /** Time steps of the decoder; undefined in a net without a decoder. */
  readonly decoderSteps?: number;
}

/**
 * The compiled net of a model. A call with more time steps than the net was compiled for replaces the net by a larger
 * one with the same parameters. So a model has one net at a time, and a computation that spans several tasks of the
 * event loop has to ask for `current` again after each of them.
 */
export class GrowingNet<Net extends CompiledNet = CompiledNet> implements Disposable {
  readonly #compile: (size: SessionSize) => Promise<Net>;
  /** No net is compiled for less. */
  readonly #smallest: SessionSize;
  #current: Net;
  #held = false;

  private constructor(compile: (size: SessionSize) => Promise<Net>, smallest: SessionSize, net: Net) {
    this.#compile = compile;
    this.#smallest = smallest;
    this.#current = net;
  }

  /** A growing net whose nets `compile` makes, none of them for less than `smallest`. */
  static async create<Net extends CompiledNet>(
    compile: (size: SessionSize) => Promise<Net>,
    smallest: SessionSize,
  ): Promise<GrowingNet<Net>> {
    return new GrowingNet(compile, smallest, await compile(smallest));
  }

  /** The net that there is now. */
  get current(): Net {
    return this.#current;
  }

  /** Whether `hold` keeps the current net in its place. */
  get isHeld(): boolean {
    return this.#held;
  }

  /**
   * Compute in a net for so many time steps: the current one, or a larger one that takes its place. While the current
   * net is held, the larger one exists for this computation only.
   */
  async run<Result>(steps: number, use: (net: Net) => Promise<Result>): Promise<Result> {
    if (steps <= this.#current.steps) return await use(this.#current);
    const larger = await this.#compile(this.#atLeast({ steps }));
    if (!this.#held) return await use(this.#replace(larger));
    try {
      larger.setParameters(this.#current.parameters());
      return await use(larger);
    } finally {
      larger[Symbol.dispose]();
    }
  }

  /**
   * Replace the net by one for at least this size, made by `compile`, and hold it in its place while `use` yields
   * values. The net stays afterwards.
   */
  async *hold<Value>(
    size: Partial<SessionSize>,
    compile: (size: SessionSize) => Promise<Net>,
    use: (net: Net) => AsyncIterable<Value>,
  ): AsyncGenerator<Value, void, void> {
    this.#held = true;
    try {
      yield* use(this.#replace(await compile(this.#atLeast(size))));
    } finally {
      this.#held = false;
    }
  }

  /** Release the memory. */
  [Symbol.dispose](): void {
    this.#current[Symbol.dispose]();
  }

  #atLeast({ batch = 1, steps = 1 }: Partial<SessionSize>): SessionSize {
    const smallest = this.#smallest;
    return { ...smallest, batch: Math.max(smallest.batch, batch), steps: Math.max(smallest.steps, steps) };
  }

  /** Move the parameters to another net, and dispose the one before. */
  #replace(net: Net): Net {
    try {
      net.setParameters(this.#current.parameters());
    } catch (error) {
      net[Symbol.dispose](); // The model was disposed while the net was compiled.
      throw error;
    }
    this.#current[Symbol.dispose]();
    return this.#current = net;
  }
}
