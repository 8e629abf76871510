import { OptionError, requireInteger } from "../errors.ts";
import type { Metrics } from "./evaluate.ts";
import type { TrainingData } from "./batches.ts";
import type { StatisticsOptions } from "./statistics.ts";
import type { Tensors } from "../runtime/state_dict.ts";
import type { TrainerState } from "./state.ts";
import type { World } from "./world.ts";

/** What `fit` evaluates on while it trains. */
export interface EvaluationPlan {
  /** As the data of the training; samples are not shuffled. */
  data: TrainingData;
  /** Updates from one evaluation to the next. Default: once an epoch, at its end. There always is one at the end. */
  every?: number;
  /** Whether the moving averages are evaluated instead of the parameters, and are what is restored. Default false. */
  averages?: boolean;
}

/** Options of `fit`. */
export interface TrainerOptions<M extends Metrics = Metrics> {
  /** Passes over the data. Default 10, or no limit when `steps` or `seconds` is given. */
  epochs?: number;
  /** Updates, those before `resume` included. Default: no limit. */
  steps?: number;
  /**
   * Wall-clock seconds from the first event on, evaluations included; ends between two updates. What comes of a
   * training then depends on the machine's speed. Default: no limit.
   */
  seconds?: number;
  /** Samples of a batch. Default: the session's `batch`. */
  batch?: number;
  /**
   * Whether samples are in another order in every epoch. Batches that are given as such stay in theirs. Default true.
   */
  shuffle?: boolean;
  /** Seed of the order of samples. Default 0. */
  seed?: number;
  /**
   * Samples are sorted by length within so many batches, so that those of a batch are of about one length and little
   * is padding: a third less time for lengths from 1 to 100. 1: they are not. Default 16, or 1 without `shuffle`.
   */
  bucket?: number;
  /**
   * Whether each batch goes on from the last states of the one before it, in an epoch: truncated BPTT. Default false.
   */
  carry?: boolean;
  /** Batches whose gradients make one update together. Default 1. */
  accumulate?: number;
  /** What to evaluate on during the training. Default nothing. */
  evaluate?: EvaluationPlan;
  /** What evaluations measure beside the loss. Default nothing. */
  metrics?: M;
  /** What says which evaluation is the best one: the loss, or a metric that is a number. Default `"loss"`. */
  monitor?: "loss" | keyof M;
  /**
   * Evaluations in a row that may be no better than the best one before the training is ended. Default: any number.
   */
  patience?: number;
  /**
   * Whether the parameters of the best evaluation are put back when a limit is reached. Default: whether there are
   * evaluations.
   */
  restoreBest?: boolean;
  /** Say every so many updates how gradients, activations and parameters are, before the update. Default never. */
  statistics?: StatisticsOptions;
  /** Where to go on: what `state` and `tensors()` of another training were. Default: at the start. */
  resume?: { state: TrainerState; tensors?: Tensors };
  /**
   * The processes that train together, of entry `./mpi`: each takes its rows of every batch, and all make the same
   * updates. All ranks have to be given the same data and options; `batch` counts the rows of all of them. Default:
   * this one alone.
   */
  world?: World;
  /** Ends the training between two steps, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/**
 * Which of two values that the options monitor is the better one.
 *
 * @throws {OptionError} When an option is out of range or needs another one.
 */
export function checkOptions<M extends Metrics>(options: TrainerOptions<M>): "higher" | "lower" {
  const { evaluate, metrics, monitor = "loss", epochs, steps, seconds, statistics, accumulate, patience } = options;
  const counts = {
    epochs,
    steps,
    accumulate,
    "evaluate.every": evaluate?.every,
    "statistics.every": statistics?.every,
  };
  for (const [name, value] of Object.entries(counts)) if (value !== undefined) requireInteger(name, value, 1);
  if (patience !== undefined) requireInteger("patience", patience, 0);
  if (seconds !== undefined && !(seconds > 0)) throw new OptionError(`"seconds" must be a number > 0, got ${seconds}`);
  if (!evaluate && (patience !== undefined || options.restoreBest || metrics)) {
    throw new OptionError('Cannot use "patience", "restoreBest" or "metrics" without "evaluate": nothing is measured');
  }
  const better = monitor === "loss" ? "lower" : metrics?.[monitor]?.better;
  if (better) return better;
  throw new OptionError(`"monitor" must be "loss" or a metric with better values, got "${String(monitor)}"`);
}
