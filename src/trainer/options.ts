import { OptionError } from "../errors.ts";
import {
  anything,
  type Check,
  count,
  extended,
  flag,
  natural,
  positive,
  readOptions,
  REQUIRED,
  requireMade,
  signal,
  type Table,
} from "../options.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { Tensors } from "../runtime/state_dict.ts";
import type { Session } from "../session/session.ts";
import type { Batch } from "../training/data/batch.ts";
import type { TrainingData } from "./batches.ts";
import { type Metrics, metrics } from "./evaluate.ts";
import { checkedState, type TrainerState } from "./state.ts";
import { STATISTICS, type StatisticsOptions } from "./statistics.ts";

/** The evaluation during a training. */
export interface EvaluationPlan {
  /** Evaluation data, in any form of training data. Samples are not shuffled. */
  data: TrainingData;
  /**
   * Updates between two evaluations. There always is an evaluation at the end.
   *
   * @default once an epoch, at its end
   */
  every?: number;
  /**
   * Whether the moving averages are evaluated, and restored, instead of the parameters.
   *
   * @default {false}
   */
  averages?: boolean;
}

/** Options of `fit`. */
export interface TrainerOptions<M extends Metrics = Metrics> {
  /**
   * Passes over the data, in this call.
   *
   * @default 10, or no limit when `steps` or `seconds` is given
   */
  epochs?: number;
  /**
   * Updates, in this call; those before `resume` included.
   *
   * @default no limit
   */
  steps?: number;
  /**
   * Wall-clock seconds from the first event on, evaluations included; the training ends between two updates. With this
   * limit the result depends on the machine's speed.
   *
   * @default no limit
   */
  seconds?: number;
  /**
   * Samples of a batch.
   *
   * @default the session's `batch`
   */
  batch?: number;
  /**
   * Whether samples have another order in every epoch. Batches that are given as such keep their order.
   *
   * @default {true}
   */
  shuffle?: boolean;
  /**
   * Seed of the order of samples.
   *
   * @default that of the session's last training, else 0
   */
  seed?: number;
  /**
   * Number of batches within which samples are sorted by length, so that the samples of a batch have about one length
   * and there is little padding: a third less time for lengths from 1 to 100. With 1, samples are not sorted.
   *
   * @default 16, or 1 without `shuffle`
   */
  bucket?: number;
  /**
   * Whether each batch starts from the last states of the batch before it, within an epoch: truncated BPTT.
   *
   * @default {false}
   */
  carry?: boolean;
  /**
   * Number of batches whose gradients make one update.
   *
   * @default {1}
   */
  accumulate?: number;
  /**
   * The evaluation during the training.
   *
   * @default none
   */
  evaluate?: EvaluationPlan;
  /**
   * What evaluations measure beside the loss, by name.
   *
   * @default none
   */
  metrics?: M;
  /**
   * The value that decides which evaluation is the best: the loss, or a metric that is a number.
   *
   * @default {"loss"}
   */
  monitor?: "loss" | keyof M;
  /**
   * Number of consecutive evaluations that may be no better than the best one before the training ends.
   *
   * @default no limit
   */
  patience?: number;
  /**
   * Whether the parameters of the best evaluation are restored at the end.
   *
   * @default true with `evaluate`
   */
  restoreBest?: boolean;
  /**
   * Statistics of gradients, activations and parameters, taken before the update of every n-th step.
   *
   * @default none
   */
  statistics?: StatisticsOptions;
  /**
   * The `state` and `tensors()` of another training, to continue from.
   *
   * @default start anew
   */
  resume?: { state: TrainerState; tensors?: Tensors };
  /**
   * The processes that train together, of entry `./mpi`: each process takes its rows of every batch, and all make the
   * same updates. All ranks must have the same data and options; `batch` counts the rows of all ranks.
   *
   * @default this process alone
   */
  world?: World;
  /** Ends the training between two steps, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** Options of `fit`, with any monitor. */
export type WorldOptions = Omit<TrainerOptions, "monitor"> & { readonly monitor?: PropertyKey };

/**
 * The processes (ranks) that train one net together, each on its own rows of every batch: the interface between `fit`
 * and data-parallel training. `init` of entry `./mpi` makes a world. `fit` takes any other implementation as well;
 * `trainingAccess` of that entry has what an implementation needs of a session.
 *
 * Every call but `accumulate` and `fail` blocks the thread until all ranks have made the same call. On each rank `fit`
 * calls `begin` before the first batch; for each update `accumulate` once a batch and then `allReduce`; `agree` after
 * each evaluation, after each epoch and at the end; `fail` when the training throws an error. `Training.tensors` calls
 * `gather`.
 */
export interface World {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /**
   * Begin a training. The parameters, moments and averages of every rank become those of rank 0
   * (`TrainingAccess.trained`, then `refresh`). The counts of updates and the state of the schedule
   * (`Session.trainingState`) do not: they must be the same on all ranks, like `TrainingAccess.description`, `options`
   * and `state`.
   *
   * @param options The options of `fit`. Undefined in a loop of the caller's own, like `state`.
   * @param state The state that `fit` starts from.
   */
  begin(session: Session, options?: WorldOptions, state?: TrainerState): void;
  /**
   * Accumulate the gradients of this rank's rows of a batch, by one `session.accumulate` with the option `shard`. With
   * `shard`, dropout depends on a row's place in the whole batch instead of the rank, and there may be no target that
   * counts. A rank without rows accumulates any row with weight 0, because `allReduce` needs gradients on every rank.
   * Row b of all batches must stay on one rank, because its states do.
   *
   * @param batch All rows of the batch.
   * @param states The initial states: of all rows, or of this rank's rows as `session.states()` has them after the
   *   batch before.
   * @returns The loss and the count of this rank's rows, from `session.accumulate`.
   */
  accumulate(session: Session, batch: Batch, states: States | "zero"): { loss: number; count: number };
  /**
   * Sum gradients and losses over all ranks, after `accumulate` and before `session.update()`: `TrainingAccess.combine`
   * with the sums of what `TrainingAccess.accumulated` has on each rank.
   *
   * @param total The losses of this rank since the last update, multiplied by their counts if the loss is a mean, and
   *   the counts. The call replaces both numbers by their sums over all ranks.
   * @param isTimeUp Whether the time limit of the training has passed on this rank.
   * @returns `isTimeUp` of rank 0.
   */
  allReduce(session: Session, total?: { sum: number; count: number }, isTimeUp?: boolean): boolean;
  /**
   * The value of rank 0.
   *
   * @param place Where `fit` calls: the same on all ranks, as are `step` and the parameters of the session.
   * @param step The number of updates so far.
   * @param value The loss or metric of this rank. It may differ in the last bits between ranks.
   */
  agree(session: Session, place: string, step: number, value: number): number;
  /**
   * The states of all rows of the last batch, on every rank.
   *
   * @param states The states of this rank's rows; or of all rows, which are returned as they are.
   */
  gather(session: Session, states: States): States;
  /**
   * Report that this rank has failed: the other ranks throw an error from the call in which they wait, or from their
   * next one. `fit` also reports errors that calls of the world have thrown on all ranks: for these the call must not
   * wait.
   */
  fail(error: unknown): void;
}

const EVALUATION = {
  data: [anything, REQUIRED],
  every: [count],
  averages: [flag],
} satisfies Table<EvaluationPlan>;

const RESUME = {
  state: [(_, state) => checkedState(state as TrainerState), REQUIRED],
  tensors: [anything],
} satisfies Table<
  NonNullable<TrainerOptions["resume"]>
>;

const evaluation: Check<EvaluationPlan> = (name, value) => readOptions(name, EVALUATION, value, `${name}.`);

const resume: Check<NonNullable<TrainerOptions["resume"]>> = (name, value) =>
  readOptions(name, RESUME, value, `${name}.`);

/** The check of an option that is the processes that train together. */
export const world: Check<World> = (name, value) => requireMade(name, value, "allReduce", "a world, such as init()");

/** The check of how often there are statistics. */
export const statistics: Check<StatisticsOptions> = (name, value) => readOptions(name, STATISTICS, value, `${name}.`);

/** The options of every training. */
export const TRAINING = {
  epochs: [count],
  steps: [count],
  seconds: [positive],
  patience: [natural],
  restoreBest: [flag],
  signal: [signal],
} satisfies Table<Pick<TrainerOptions, "epochs" | "steps" | "seconds" | "patience" | "restoreBest" | "signal">>;

/** Options of `fit`. */
export const TRAINER = /* @__PURE__ */ extended(TRAINING, {
  batch: [count],
  shuffle: [flag],
  seed: [natural],
  bucket: [count],
  carry: [flag],
  accumulate: [count],
  evaluate: [evaluation],
  metrics: [metrics],
  monitor: [anything],
  statistics: [statistics],
  resume: [resume],
  world: [world],
}) satisfies Table<TrainerOptions>;

/**
 * Check the options.
 *
 * @returns Whether a higher or a lower monitored value is better.
 * @throws {OptionError} When an option is out of range or needs another one.
 */
export function checkOptions<M extends Metrics>(options: TrainerOptions<M>): "higher" | "lower" {
  readOptions("fit", TRAINER, options);
  const { evaluate, metrics, monitor = "loss", patience } = options;
  if (!evaluate && (patience !== undefined || options.restoreBest || metrics)) {
    throw new OptionError('Cannot use "patience", "restoreBest" or "metrics" without "evaluate": nothing is measured');
  }
  const better = monitor === "loss" ? "lower" : metrics?.[monitor]?.better;
  if (better) return better;
  throw new OptionError(`"monitor" must be "loss" or a metric with better values, got "${String(monitor)}"`);
}
