import { OptionError } from "../errors.ts";
import { extended, natural, readOptions, type Table } from "../options.ts";
import { type KernelOptions, KERNELS } from "../kernels/builds.ts";
import type { Layer } from "../layers/layer.ts";
import type { CompiledNet } from "../runtime/compiled_net.ts";
import type { TensorCopy, Tensors } from "../runtime/state_dict.ts";
import {
  compile,
  compileAlone,
  type CompileOptions,
  threadCount,
  type Threading,
  threading,
} from "../session/compile.ts";
import type { Session } from "../session/session.ts";
import type { TrainingData } from "../trainer/batches.ts";
import { evaluate, type EvaluateOptions, type Measure, type Measurement, type Metrics } from "../trainer/evaluate.ts";
import type { TrainerOptions } from "../trainer/options.ts";
import type { TrainerState } from "../trainer/state.ts";
import { Training } from "../trainer/training.ts";
import type { TrainingRun } from "../trainer/training_run.ts";
import type { Batch } from "../training/data/batch.ts";
import type { Samples } from "../training/data/samples.ts";
import type { Loss } from "../training/losses/loss.ts";
import type { Optimizer } from "../training/optimizers/optimizer.ts";
import { haveSameSettings } from "../training/optimizers/same_settings.ts";
import { type ModelKind, type RunnableModel, RUNNER, type RunnerOptions } from "./run/model.ts";
import { type ModelDescription, orRefuse, readModel } from "./run/model_file.ts";
import { ModelParameters, NetPool, type SessionSize } from "./run/net_pool.ts";
import { wholeRows } from "./run/pieces.ts";
import { TrainingThreads } from "./training_threads.ts";

/** Options of the session that a model is trained in. */
export interface SessionOptions extends KernelOptions {
  /**
   * Seed of the initial parameters, and of dropout.
   *
   * @default {0}
   */
  seed?: number;
  /**
   * Number of threads: see `compile`. With `"auto"` only trainings have several threads, while they run and as long as
   * these are faster. Results have the same bits with any number.
   *
   * @default {"auto"}
   */
  threads?: Threading;
}

/** The options of the session that a model is trained in. */
export const SESSION = /* @__PURE__ */ extended(
  { seed: [natural, 0] },
  KERNELS,
  { threads: [threading, "auto"] },
) satisfies Table<SessionOptions>;

/** Options of the `load` of a model that can be trained: what the file does not have. */
export interface LoadModelOptions extends RunnerOptions, SessionOptions {}

const LOAD = /* @__PURE__ */ extended(RUNNER, SESSION) satisfies Table<LoadModelOptions>;

/** What differs between the models of one kind, beside their descriptions. */
interface ModelSetup<Description> {
  /** The loss of evaluations, and of trainings that name no other one. */
  readonly loss: (description: Description) => Loss;
  /** The size of a session, where a training or an evaluation does not say another one. */
  readonly size: (description: Description) => SessionSize;
}

/** How a model is trained. */
export interface FitPlan<M extends Metrics> {
  /** The session. */
  readonly session: Partial<SessionSize> & Pick<CompileOptions, "loss" | "clip" | "gradientFlow"> & {
    readonly optimizer: Optimizer;
  };
  /** The training data, made for the session. */
  readonly data: (session: Session) => TrainingData;
  /** Trainings with equal elements here have the same batches. */
  readonly identity: readonly unknown[];
  readonly trainer: Omit<TrainerOptions<M>, "resume">;
  /** Measures the evaluation data elsewhere. Default: in the session. */
  readonly measure?: Measure<M>;
  /** A checkpoint to continue from. */
  readonly resume?: Uint8Array;
}

/** The last training of a model. */
interface LastTraining {
  readonly session: Session;
  readonly optimizer: Optimizer;
  // deno-lint-ignore no-explicit-any
  readonly training: Training<any>;
}

/** What the trainable models share: parameters, trainings, evaluations, file and checkpoint. */
export class TrainableModel<Description extends ModelDescription> implements RunnableModel<Description> {
  readonly kind: string;
  readonly description: Description;
  readonly layer: Layer;
  readonly running: Layer;
  readonly parameters: ModelParameters;
  readonly nets: NetPool;
  readonly #evaluations: NetPool<Session>;
  readonly #size: SessionSize;
  readonly #options: Omit<CompileOptions, keyof SessionSize>;
  /** The loss of evaluations: that of the last training. */
  #loss: Loss | undefined;
  #run: Pick<TrainingRun<unknown, unknown>, "isBusy"> | undefined;
  #last: LastTraining | undefined;

  private constructor(
    kind: ModelKind<Description>,
    description: Description,
    first: Session,
    size: SessionSize,
    options: Omit<CompileOptions, keyof SessionSize>,
  ) {
    this.kind = kind.name;
    this.description = description;
    this.layer = kind.net(description);
    this.running = kind.runningNet?.(description) ?? this.layer;
    this.parameters = new ModelParameters(first);
    this.#size = size;
    this.#options = options;
    this.#loss = options.loss;
    const fixed = { ...options, threads: options.threads === "auto" ? 1 : options.threads };
    const compileRunning = (size: SessionSize) => compile(this.running, { ...fixed, loss: undefined, ...size });
    this.nets = new NetPool<CompiledNet>(this.parameters, compileRunning);
    const compileEvaluation = (size: SessionSize) => compile(this.layer, { ...fixed, loss: this.#loss, ...size });
    const { parameters } = this;
    this.#evaluations = new NetPool(
      parameters,
      compileEvaluation,
      ({ runner }) => runner.plan.options.loss === this.#loss,
    );
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
    { loss, size }: ModelSetup<Description>,
    { seed = 0, numerics, kernels, threads = "auto" }: SessionOptions,
    initial: (parameters: ReadonlyMap<string, TensorCopy>) => Tensors = () => new Map(),
  ): Promise<TrainableModel<Description>> {
    const layer = (kind.runningNet ?? kind.net)(description);
    const options = { seed, numerics, kernels, frozen: description.frozen };
    const first = await compile(layer, { ...options, ...kind.size(description) });
    first.setParameters(initial(first.parameters()), { strict: false });
    const all = { ...options, threads, loss: loss(description) };
    return new TrainableModel(kind, description, first, size(description), all);
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
    const { cell, tokens, ...options } = readOptions(`the load of a ${kind.name}`, LOAD, given);
    const { description, tensors } = readModel(kind, bytes, { cell, tokens });
    const model = await orRefuse(kind, () => TrainableModel.create(kind, description, setup, options));
    model.parameters.owner.setParameters(tensors);
    return model;
  }

  /** Number of threads, where the engine allows them: of `"auto"` that of the last training. */
  get threads(): number {
    const { threads } = this.#options;
    return typeof threads === "number" ? threadCount(threads) : this.#last?.session.crew?.count ?? 1;
  }

  /**
   * Begin a training in a session of its own. A training that is suspended is ended. Where the optimizer has the
   * settings of the last training, that one goes on: moments, schedule, counts, and the order of samples.
   *
   * @param run The run that asks for the training.
   * @throws {OptionError} When a training of the model has a step in progress.
   */
  async begin<M extends Metrics>(
    run: Pick<TrainingRun<unknown, unknown>, "isBusy">,
    { session: sessionOptions, data, identity, trainer, measure, resume }: FitPlan<M>,
  ): Promise<{ training: Training<M>; threads?: TrainingThreads; restarts: boolean }> {
    const before = this.#run;
    if (before?.isBusy) throw new OptionError("Cannot fit: this model is already being trained");
    this.parameters.requireOpen();
    this.#run = run;
    let session: Session | undefined;
    try {
      session = await compileAlone(this.layer, { ...this.#options, ...this.#size, ...sessionOptions });
      if (before?.isBusy) throw new OptionError("Cannot fit: this model is already being trained");
      session.setParameters(this.parameters.owner.parameters());
      const restored = resume && session.restore(resume);
      const last = this.#last;
      const { optimizer } = sessionOptions;
      const goesOn = !resume && last !== undefined && haveSameSettings(last.optimizer, optimizer);
      if (goesOn) {
        session.setTrainingState(last.session.trainingState());
        Training.goOn(session, last.training);
      }
      const state = restored && { state: restored.extra as TrainerState, tensors: restored.tensors };
      const training = new Training<M>(session, data(session), { ...trainer, resume: state }, identity, measure);
      last?.training.replace();
      this.parameters.move(session);
      this.#last = { session, optimizer, training };
      this.#loss = sessionOptions.loss ?? this.#loss;
      const { crew } = session, threads = crew && new TrainingThreads(crew, this.#options.threads === "auto");
      return { training, threads, restarts: !resume && last !== undefined && !goesOn };
    } catch (error) {
      session?.dispose();
      this.#run = before;
      throw error;
    }
  }

  /**
   * Loss and metrics of data for which a net of this size is enough. Samples are measured in batches of the last
   * training's size, or of the default one if that is larger; in smaller ones where these would take too long.
   */
  async evaluate<M extends Metrics = Record<never, never>>(
    data: Samples | (() => Iterable<Batch>),
    { size, ...options }: EvaluateOptions<M> & { size?: Partial<SessionSize> },
  ): Promise<Measurement<M>> {
    const rows = Math.max(this.#size.batch, this.#last?.session.batch ?? 1);
    const all = { ...this.#size, ...size };
    const steps = all.steps + (all.decoderSteps ?? 0);
    const batch = "x" in data ? wholeRows(this.layer, steps, Math.min(rows, data.x.length)) : undefined;
    const whole = batch ? { ...all, batch } : all;
    return await this.#evaluations.run(whole, (session) => evaluate(session, data, { ...options, batch }));
  }

  /** The state of the last training; undefined before the first one. */
  get trainerState(): TrainerState | undefined {
    return this.#last?.training.state;
  }

  /**
   * All that an exact continuation of the last training needs.
   *
   * @throws {OptionError} When there was no training.
   */
  checkpoint(): Uint8Array<ArrayBuffer> {
    this.parameters.requireOpen();
    if (!this.#last) throw new OptionError("Cannot write a checkpoint: this model has not been trained");
    const { session, training } = this.#last;
    return session.checkpoint({ extra: training.state, states: {}, tensors: training.tensors() });
  }
}
