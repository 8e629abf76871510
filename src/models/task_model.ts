import { lstm } from "../cells/lstm.ts";
import { requireInteger, requireRate } from "../errors.ts";
import { clipNorm } from "../training/clip.ts";
import { arrange } from "../training/data/arrangement.ts";
import { collate, type Samples, stepsOf } from "../training/data/samples.ts";
import type { Loss } from "../training/losses/loss.ts";
import { adam } from "../training/optimizers/adam.ts";
import { embeddingStart, firstValues, frozenNames } from "./embedding_start.ts";
import { evaluate, type Measurement, type Metrics } from "../trainer/evaluate.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import { type PlainTokens, plainTokens, readModel, tokensOf, writeModel } from "./model_file.ts";
import { ModelSession } from "./model_session.ts";
import { TaskInput } from "./task_input.ts";
import { taskNet, type TaskShape } from "./task_net.ts";
import type { LoadModelOptions, Pooling, TaskFitOptions, TaskOptions, TaskRunOptions } from "./task_options.ts";
import { fit } from "../trainer/fit.ts";
import type { TrainingEvent } from "../trainer/events.ts";

/** Rows of a session that does not train, and the fewest steps that a session is made for. */
const ROWS = 32, STEPS = 32;
/** The weight of the embedding. */
const EMBEDDING = "embedding.weight";

/** What a file has of every model, beside its cell. */
interface Parts extends Omit<TaskShape, "cell"> {
  readonly tokens?: PlainTokens;
  readonly features?: number;
  readonly frozen?: readonly string[];
}

/** What tells the models from each other. */
export interface Head {
  /** Of the file. */
  readonly kind: string;
  readonly outputs: number;
  readonly pooling: Pooling | "none";
  readonly loss: Loss;
}

/** What the models that read sequences and say something of them share. */
export class TaskModel implements Disposable {
  readonly input: TaskInput;
  readonly #kind: string;
  readonly #shape: TaskShape;
  readonly #session: ModelSession;

  private constructor(kind: string, input: TaskInput, shape: TaskShape, session: ModelSession) {
    this.#kind = kind;
    this.input = input;
    this.#shape = shape;
    this.#session = session;
  }

  /** A new model. */
  static async create(options: TaskOptions, { kind, outputs, pooling, loss }: Head): Promise<TaskModel> {
    const input = new TaskInput(options), { tokens } = options;
    const { cell = lstm(), hidden = 64, layers = 1, bidirectional = false, dropout = 0 } = options;
    const { seed = 0, numerics = "fast", threads = 1, embedding = Math.ceil(hidden / 2) } = options;
    requireInteger("hidden", hidden, 1);
    requireInteger("layers", layers, 1);
    requireRate("dropout", dropout);
    const start = tokens === undefined ? undefined : embeddingStart(embedding, tokens);
    const shape = { cell, hidden, layers, bidirectional, dropout, embedding: start?.width, pooling, outputs };
    const frozen = start ? frozenNames({ [EMBEDDING]: embedding }) : [];
    const session = await ModelSession.create(
      taskNet({ tokens: input.size, features: input.features }, shape),
      { batch: ROWS, steps: STEPS, loss, seed, numerics, threads, frozen },
      firstValues({ [EMBEDDING]: start }),
    );
    return new TaskModel(kind, input, shape, session);
  }

  /** A model from what `save` wrote, and what it wrote beside it. */
  static async load<More extends object>(
    kind: string,
    bytes: Uint8Array,
    required: readonly (keyof More & string)[],
    { cell: own, seed = 0, numerics = "fast", threads = 1 }: LoadModelOptions,
    lossOf: (more: More) => Loss,
  ): Promise<{ model: TaskModel; more: More }> {
    const all = ["hidden", "layers", "bidirectional", "pooling", "outputs", ...required] as const;
    const { parts, tensors } = readModel<Parts & More>(kind, bytes, all, own);
    const { tokens, features, frozen, cell, hidden, layers, bidirectional, dropout, embedding, pooling, outputs } =
      parts;
    const shape = { cell, hidden, layers, bidirectional, dropout, embedding, pooling, outputs };
    const input = new TaskInput({ tokens: tokens === undefined ? undefined : tokensOf(tokens), features });
    const session = await ModelSession.create(
      taskNet({ tokens: input.size, features }, shape),
      { batch: ROWS, steps: STEPS, loss: lossOf(parts), seed, numerics, threads, frozen },
    );
    session.set(tensors);
    return { model: new TaskModel(kind, input, shape, session), more: parts };
  }

  /** Train, by the trainer. */
  async *fit<M extends Metrics>(
    samples: Samples,
    validation: Samples | undefined,
    metrics: M,
    options: TaskFitOptions<never, M>,
  ): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { batch = 32, optimizer = adam({ learningRate: 2e-3 }), clip = clipNorm(1), every, ...trainer } = options;
    const { epochs, steps, seconds, seed, bucket, patience, restoreBest, monitor, signal } = trainer;
    requireInteger("batch", batch, 1);
    const longest = [samples, validation].map((one) => this.input.longest(Array.from(one?.x ?? [])));
    const room = { batch, steps: Math.max(...longest), optimizer, clip };
    const limits = { epochs, steps, seconds, seed, bucket, patience, restoreBest, monitor, signal, batch };
    yield* this.#session.fit(
      room,
      (session) =>
        fit<M>(session, samples, validation ? { ...limits, metrics, evaluate: { data: validation, every } } : limits),
    );
  }

  /** Loss and metrics. */
  async evaluate<M extends Metrics>(
    samples: Samples,
    metrics: M,
    { signal }: TaskRunOptions,
  ): Promise<Measurement<M>> {
    const steps = this.input.longest(Array.from(samples.x));
    return await this.#session.run(steps, (session) => evaluate(session, samples, { metrics, signal }));
  }

  /**
   * The outputs of each sequence, `[outputs]`, or of each of its steps, `[T, outputs]`; as a softmax or as they are. In batches of
   * about one length.
   */
  async outputs(
    sequences: readonly ArrayLike<number>[],
    softmax: boolean,
    { signal }: TaskRunOptions,
  ): Promise<Float32Array[]> {
    const found = new Array<Float32Array>(sequences.length), { input } = this, C = this.#shape.outputs;
    if (!sequences.length) return [];
    return await this.#session.run(input.longest(sequences), async (session) => {
      using loop = new EventLoop();
      // There is nothing to compare with, so as many zeros as targets stand in.
      const { layout } = session, every = layout.targets === "step";
      const steps = Int32Array.from(sequences, ({ length }) => length / layout.columns);
      const y = Array.from(steps, (T) => new Float32Array(every ? T : 1)), samples = { x: sequences, y };
      stepsOf(samples, layout, session.steps);
      const order = { batch: ROWS, shuffle: false, seed: 0, bucket: Number.MAX_SAFE_INTEGER };
      for (const members of arrange(steps, 1, order)) {
        await loop.turn();
        signal?.throwIfAborted();
        const { x, batch, lengths } = collate(samples, members, steps, layout), call = { batch, lengths };
        const rows = softmax ? session.probabilities(x, call) : session.forward(x, call), B = members.length;
        members.forEach((i, b) => {
          const one = found[i] = new Float32Array((every ? steps[i] : 1) * C);
          for (let t = 0; t * C < one.length; t++) one.set(rows.subarray((t * B + b) * C, (t * B + b + 1) * C), t * C);
        });
      }
      return found;
    });
  }

  /** The model as a file, with more that makes it up. */
  save(more: Readonly<Record<string, unknown>>): Uint8Array<ArrayBuffer> {
    const { tokens, features } = this.input, { parameters, frozen } = this.#session;
    const plain = tokens === undefined ? undefined : plainTokens(tokens);
    return writeModel(this.#kind, { ...this.#shape, tokens: plain, features, frozen, ...more }, parameters);
  }

  /** Number of all parameters' elements. */
  get size(): number {
    return this.#session.size;
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }
}
