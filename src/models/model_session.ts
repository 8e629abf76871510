import { OptionError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { compile, type CompileOptions } from "../session/compile.ts";
import type { Session } from "../session/session.ts";
import type { TensorCopy, Tensors } from "../runtime/state_dict.ts";

/** What a session is given that trains, or that takes longer sequences. */
type Room = Partial<Pick<CompileOptions, "batch" | "steps" | "loss" | "optimizer" | "clip" | "gradientFlow">>;

/**
 * The session that a model runs in. A training needs one with an optimizer and room for its batches: the parameters move
 * to that one, and the one before is disposed. So a model has one session at a time, and whoever computes in between takes
 * the `current` one.
 */
export class ModelSession implements Disposable {
  /** What it runs. */
  readonly net: Layer;
  readonly #options: CompileOptions;
  #session: Session;
  #fitting = false;

  private constructor(net: Layer, options: CompileOptions, session: Session) {
    this.net = net;
    this.#options = options;
    this.#session = session;
  }

  /**
   * A session that does not train. What `options` say holds for all that follow it; their `batch` and `steps` are the
   * least that those have. `first` says which parameters begin with other values than the net's own.
   */
  static async create(
    net: Layer,
    options: CompileOptions,
    first: (parameters: Map<string, TensorCopy>) => Tensors = () => new Map(),
  ): Promise<ModelSession> {
    const session = await compile(net, options);
    session.setParameters(first(session.parameters()), { strict: false });
    return new ModelSession(net, options, session);
  }

  /** The session that there is. */
  get current(): Session {
    return this.#session;
  }

  /** Copies of all parameters. */
  get parameters(): Map<string, TensorCopy> {
    return this.#session.parameters();
  }

  /** The names of the parameters that no training changes. */
  get frozen(): readonly string[] {
    return this.#options.frozen ?? [];
  }

  /** Number of all parameters' elements. */
  get size(): number {
    let size = 0;
    for (const { data } of new Set(this.parameters.values())) size += data.length; // tied ones are one
    return size;
  }

  /** Replace all parameters. */
  set(tensors: Tensors): void {
    this.#session.setParameters(tensors);
  }

  /**
   * The events of a training, in a session that has room for it. Breaking out of the loop ends it.
   *
   * @throws {OptionError} When there is one already.
   */
  async *fit<Event>(
    room: Room,
    train: (session: Session) => AsyncIterable<Event>,
  ): AsyncGenerator<Event, void, void> {
    if (this.#fitting) throw new OptionError("Cannot fit: this model is already being trained");
    this.#fitting = true;
    try {
      yield* train(this.#replace(await this.#compile(room)));
    } finally {
      this.#fitting = false;
    }
  }

  /**
   * Compute in a session for so many steps. When the current one is for fewer, a larger one takes its place, for good
   * unless there is a training.
   */
  async run<Result>(steps: number, use: (session: Session) => Promise<Result>): Promise<Result> {
    if (steps <= this.#session.steps) return await use(this.#session);
    const larger = await this.#compile({ steps });
    if (!this.#fitting) return await use(this.#replace(larger));
    try {
      larger.setParameters(this.parameters);
      return await use(larger);
    } finally {
      larger[Symbol.dispose]();
    }
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }

  async #compile(room: Room): Promise<Session> {
    const { batch, steps } = this.#options;
    return await compile(this.net, {
      ...this.#options,
      ...room,
      batch: Math.max(batch, room.batch ?? 1),
      steps: Math.max(steps, room.steps ?? 1),
    });
  }

  /** The parameters move to another session. */
  #replace(session: Session): Session {
    try {
      session.setParameters(this.parameters);
    } catch (error) {
      session[Symbol.dispose](); // the model was disposed meanwhile
      throw error;
    }
    this.#session[Symbol.dispose]();
    return this.#session = session;
  }
}
