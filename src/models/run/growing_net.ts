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

/** How a `GrowingNet` makes its nets. */
export interface NetSource<Net> {
  /** A net for calls of at most this size. */
  compile(size: SessionSize): Promise<Net>;
  /** Give one net the parameters of another one. */
  copyParameters(from: Net, to: Net): void;
}

/**
 * The compiled net of a model. A call with more time steps than the net was compiled for replaces the net by a larger one
 * with the same parameters. So a model has one net at a time, and a computation that spans several tasks of the event loop
 * has to ask for `current` again after each of them.
 */
export class GrowingNet<Net extends CompiledNet = CompiledNet> implements Disposable {
  readonly #source: NetSource<Net>;
  /** No net is compiled for less. */
  readonly #smallest: SessionSize;
  #current: Net;
  #size: SessionSize;
  #held = false;

  private constructor(source: NetSource<Net>, size: SessionSize, net: Net) {
    this.#source = source;
    this.#smallest = size;
    this.#size = size;
    this.#current = net;
  }

  /** A growing net whose nets are never compiled for less than `size`. */
  static async create<Net extends CompiledNet>(source: NetSource<Net>, size: SessionSize): Promise<GrowingNet<Net>> {
    return new GrowingNet(source, size, await source.compile(size));
  }

  /** The net that there is now. */
  get current(): Net {
    return this.#current;
  }

  /** The size of the current net. */
  get size(): SessionSize {
    return this.#size;
  }

  /** Whether `hold` keeps the current net in its place. */
  get isHeld(): boolean {
    return this.#held;
  }

  /**
   * Compute in a net for so many time steps: the current one, or a larger one that takes its place. While the current net is
   * held, the larger one exists for this computation only.
   */
  async run<Result>(steps: number, use: (net: Net) => Promise<Result>): Promise<Result> {
    if (steps <= this.#size.steps) return await use(this.#current);
    const size = this.#atLeast({ steps });
    const larger = await this.#source.compile(size);
    if (!this.#held) return await use(this.#replace(larger, size));
    try {
      this.#source.copyParameters(this.#current, larger);
      return await use(larger);
    } finally {
      larger[Symbol.dispose]();
    }
  }

  /**
   * Replace the net by one for at least this size, made by `compile`, and hold it in its place while `use` yields values.
   * The net stays afterwards.
   */
  async *hold<Value>(
    size: Partial<SessionSize>,
    compile: (size: SessionSize) => Promise<Net>,
    use: (net: Net) => AsyncIterable<Value>,
  ): AsyncGenerator<Value, void, void> {
    this.#held = true;
    try {
      const whole = this.#atLeast(size);
      yield* use(this.#replace(await compile(whole), whole));
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
  #replace(net: Net, size: SessionSize): Net {
    try {
      this.#source.copyParameters(this.#current, net);
    } catch (error) {
      net[Symbol.dispose](); // The model was disposed while the net was compiled.
      throw error;
    }
    this.#current[Symbol.dispose]();
    this.#size = size;
    return this.#current = net;
  }
}
