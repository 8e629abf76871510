import { OptionError } from "../errors.ts";
import { natural, readOptions, type Table } from "../options.ts";
import type { Numerics } from "../kernels/load.ts";
import type { Layer } from "../layers/layer.ts";
import type { TensorCopy, Tensors } from "../runtime/state_dict.ts";
import { COMPILE, compile, type CompileOptions } from "../session/compile.ts";
import type { Session } from "../session/session.ts";
import type { TrainingData } from "../trainer/batches.ts";
import { evaluate, type EvaluateOptions, type Measurement, type Metrics } from "../trainer/evaluate.ts";
import type { TrainingEvent } from "../trainer/events.ts";
import { fit, type Training } from "../trainer/fit.ts";
import type { TrainerOptions } from "../trainer/options.ts";
import type { TrainerState } from "../trainer/state.ts";
import type { Loss } from "../training/losses/loss.ts";
import { GrowingNet, type SessionSize } from "./run/growing_net.ts";
import { type ModelKind, type RunnableModel, RUNNER, type RunnerOptions } from "./run/model.ts";
import { type ModelDescription, orRefuse, readModel } from "./run/model_file.ts";

/** Options of the session that a model is trained in. */
export interface SessionOptions {
  /**
   * Seed of the initial parameters, and of dropout.
   *
   * @default {0}
   */
  seed?: number;
  /**
   * The kernels: see `compile`.
   *
   * @default {"fast"}
   */
  numerics?: Numerics;
  /**
   * Number of threads: see `compile`.
   *
   * @default {1}
   */
  threads?: number;
}

/** The options of the session that a model is trained in. */
export const SESSION = {
  seed: [natural, 0],
  numerics: COMPILE.numerics,
  threads: COMPILE.threads,
} satisfies Table<SessionOptions>;

/** Options of the `load` of a model that can be trained: what the file does not have. */
export interface LoadModelOptions extends RunnerOptions, SessionOptions {}

const LOAD = { ...RUNNER, ...SESSION } satisfies Table<LoadModelOptions>;

/** What differs between the models of one kind, beside their descriptions. */
interface ModelSetup<Description> {
  /** The loss of evaluations, and of trainings that name no other one. */
  readonly loss: (description: Description) => Loss;
  /**
   * The smallest size of a session.
   *
   * @default the kind's
   */
  readonly size?: (description: Description) => SessionSize;
}

/** How a model is trained: the session's part of the options. */
interface FitSession
  extends Partial<SessionSize>, Pick<CompileOptions, "loss" | "optimizer" | "clip" | "gradientFlow"> {}

/** What the trainable models share: a session that grows, training, evaluation, file and checkpoint. */
export class TrainableModel<Description extends ModelDescription> implements RunnableModel<Description> {
  readonly kind: string;
  readonly description: Description;
  readonly layer: Layer;
  readonly compiled: GrowingNet<Session>;
  readonly #options: Omit<CompileOptions, keyof SessionSize>;
  #training: Pick<Training, "state" | "tensors"> | undefined;

  private constructor(
    kind: ModelKind<Description>,
    description: Description,
    layer: Layer,
    compiled: GrowingNet<Session>,
    options: Omit<CompileOptions, keyof SessionSize>,
  ) {
    this.kind = kind.name;
    this.description = description;
    this.layer = layer;
    this.compiled = compiled;
    this.#options = options;
  }

  /**
   * A new model.
   *
   * @param initial Parameters that start with other values than the net's own, from copies of all parameters.
   * @throws {OptionError} When the description does not make a net, or an option is out of range.
   */
  static async create<Description extends ModelDescription>(
    kind: ModelKind<Description>,
    description: NoInfer<Description>,
    { loss, size = kind.size }: ModelSetup<Description>,
    { seed = 0, numerics = "fast", threads = 1 }: SessionOptions,
    initial: (parameters: ReadonlyMap<string, TensorCopy>) => Tensors = () => new Map(),
  ): Promise<TrainableModel<Description>> {
    const layer = kind.net(description);
    const options = { seed, numerics, threads, frozen: description.frozen, loss: loss(description) };
    const compileSession = (size: SessionSize) => compile(layer, { ...options, ...size });
    const compiled = await GrowingNet.create(compileSession, size(description));
    compiled.current.setParameters(initial(compiled.current.parameters()), { strict: false });
    return new TrainableModel(kind, description, layer, compiled, options);
  }

  /**
   * A model that `save` wrote.
   *
   * @throws {FormatError} When the bytes are not the file of such a model.
   */
  static async load<Description extends ModelDescription>(
    kind: ModelKind<Description>,
    bytes: Uint8Array | ArrayBuffer,
    setup: ModelSetup<Description>,
    given: LoadModelOptions,
  ): Promise<TrainableModel<Description>> {
    const { cell, ...options } = readOptions(`the load of a ${kind.name}`, LOAD, given);
    const { description, tensors } = readModel(kind, bytes, cell);
    const model = await orRefuse(kind, () => TrainableModel.create(kind, description, setup, options));
    model.compiled.current.setParameters(tensors);
    return model;
  }

  /**
   * Train in a session of the given size, loss and optimizer; the events are those of the trainer.
   *
   * @param data The training data, made for the session.
   * @param resume A checkpoint to continue from.
   * @throws {OptionError} When the model is already being trained.
   */
  async *fit<M extends Metrics>(
    { batch, steps, ...options }: FitSession,
    data: (session: Session) => TrainingData,
    trainer: Omit<TrainerOptions<M>, "resume">,
    resume?: Uint8Array | ArrayBuffer,
  ): AsyncGenerator<TrainingEvent<M>, void, void> {
    if (this.compiled.isHeld) throw new OptionError("Cannot fit: this model is already being trained");
    const compileSession = (size: SessionSize) => compile(this.layer, { ...this.#options, ...options, ...size });
    yield* this.compiled.hold({ batch, steps }, compileSession, (session) => {
      const restored = resume && session.restore(resume);
      const training = fit<M>(session, data(session), {
        ...trainer,
        resume: restored && { state: restored.extra as TrainerState, tensors: restored.tensors },
      });
      this.#training = training;
      return training;
    });
  }

  /** Loss and metrics of data whose longest sequence has so many time steps. */
  async evaluate<M extends Metrics = Record<never, never>>(
    data: TrainingData,
    { steps = 1, ...options }: EvaluateOptions<M> & { steps?: number },
  ): Promise<Measurement<M>> {
    return await this.compiled.run(steps, (session) => evaluate(session, data, options));
  }

  /** The state of the last training; undefined before the first one. */
  get trainerState(): TrainerState | undefined {
    return this.#training?.state;
  }

  /**
   * All that an exact continuation of the last training needs.
   *
   * @throws {OptionError} When there was no training.
   */
  checkpoint(): Uint8Array<ArrayBuffer> {
    const training = this.#training;
    if (!training) throw new OptionError("Cannot write a checkpoint: this model has not been trained");
    return this.compiled.current.checkpoint({ extra: training.state, states: {}, tensors: training.tensors() });
  }
}
