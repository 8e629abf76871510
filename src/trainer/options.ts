import { OptionError, requireInteger } from "../errors.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { Tensors } from "../runtime/state_dict.ts";
import type { Session } from "../session/session.ts";
import type { Batch } from "../training/data/batch.ts";
import type { TrainingData } from "./batches.ts";
import type { Metrics } from "./evaluate.ts";
import type { TrainerState } from "./state.ts";
import type { StatisticsOptions } from "./statistics.ts";

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
   * Passes over the data.
   *
   * @default 10, or no limit when `steps` or `seconds` is given
   */
  epochs?: number;
  /**
   * Updates, those before `resume` included.
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
   * @default {0}
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
 * Processes that train one net together, each on its rows of every batch: the interface between `fit` and data-parallel
 * training. Entry `./mpi` makes one; `Session.trainingAccess` has what an implementation needs of a session. Every call
 * but `accumulate` and `fail` waits for all ranks, which must make the same calls.
 */
export interface World {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /**
   * Begin a training: check that the ranks agree on net and options, then take over the parameters and moments of rank
   * 0.
   */
  begin(session: Session, options?: WorldOptions, state?: TrainerState): void;
  /**
   * Accumulate the gradients of this rank's rows of a batch. `states` are those of all rows, or of this rank's rows.
   */
  accumulate(session: Session, batch: Batch, states: States | "zero"): { loss: number; count: number };
  /**
   * Sum gradients and losses over all ranks, between `accumulate` and `update`.
   *
   * @param late Whether the time of the training is over.
   * @returns `late` of rank 0.
   */
  allReduce(session: Session, total?: { sum: number; count: number }, late?: boolean): boolean;
  /** The value of rank 0. All ranks must be at the same place and step, with the same parameters. */
  agree(session: Session, place: string, step: number, value: number): number;
  /** The states of all rows, from those of each rank's rows. */
  gather(session: Session, states: States): States;
  /** Tell the other ranks, when they next wait, that this rank has failed. */
  fail(error: unknown): void;
}

/**
 * Check the options.
 *
 * @returns Whether a higher or a lower monitored value is better.
 * @throws {OptionError} When an option is out of range or needs another one.
 */
export function checkOptions<M extends Metrics>(options: TrainerOptions<M>): "higher" | "lower" {
  const { evaluate, metrics, monitor = "loss", epochs, steps, seconds, statistics, accumulate, patience } = options;
  const every = { "evaluate.every": evaluate?.every, "statistics.every": statistics?.every };
  for (const [name, value] of Object.entries({ epochs, steps, accumulate, ...every })) {
    if (value !== undefined) requireInteger(name, value, 1);
  }
  if (patience !== undefined) requireInteger("patience", patience, 0);
  if (seconds !== undefined && !(seconds > 0)) throw new OptionError(`"seconds" must be a number > 0, got ${seconds}`);
  if (!evaluate && (patience !== undefined || options.restoreBest || metrics)) {
    throw new OptionError('Cannot use "patience", "restoreBest" or "metrics" without "evaluate": nothing is measured');
  }
  const better = monitor === "loss" ? "lower" : metrics?.[monitor]?.better;
  if (better) return better;
  throw new OptionError(`"monitor" must be "loss" or a metric with better values, got "${String(monitor)}"`);
}
