import type { ActivationStatistics } from "../session/statistics.ts";
import type { Metrics, MetricValues } from "./evaluate.ts";
import type { Histogram } from "../session/statistics.ts";
import type { Update } from "../session/optimization.ts";

/** The place of an event in the training. */
export interface EventPlace {
  /** Updates so far, from 1, those included that were left out because a number was not finite. */
  readonly step: number;
  /** Pass over the data, from 1. */
  readonly epoch: number;
}

/** An update was made. */
export interface StepEvent extends EventPlace, Update {
  /** The kind of event. */
  readonly type: "step";
  /** The loss before the update, reduced as the loss says. */
  readonly loss: number;
  /** The weight of all targets that count: without weights their number. */
  readonly count: number;
}

/** Gradients, activations and parameters of a step, before its update. */
export interface Statistics {
  /** The Euclidean norm of each parameter's gradient, before clipping, by the parameter's name. */
  readonly gradients: ReadonlyMap<string, number>;
  /** The outputs of each layer, by the layer's name. */
  readonly activations: ReadonlyMap<string, ActivationStatistics>;
  /** The distribution of each parameter's elements, by the parameter's name. */
  readonly parameters: ReadonlyMap<string, Histogram>;
  /**
   * The gradient norm of each recurrent layer's output by time step, `[T]`: `session.gradientFlow()` of the last batch.
   * Present when `statistics` asks for it.
   */
  readonly gradientFlow?: ReadonlyMap<string, Float32Array>;
}

/** Statistics of a step. */
export interface StatisticsEvent extends EventPlace, Statistics {
  /** The kind of event. */
  readonly type: "statistics";
}

/** The net was evaluated. */
export interface EvaluationEvent<M extends Metrics = Metrics> extends EventPlace {
  /** The kind of event. */
  readonly type: "evaluation";
  /** The loss of all evaluation data. */
  readonly loss: number;
  /** The weight of all its targets that count. */
  readonly count: number;
  /** The metrics, by their names. */
  readonly metrics: MetricValues<M>;
  /** Whether this evaluation is better than all before. */
  readonly best: boolean;
}

/** An epoch has ended. */
export interface EpochEvent extends EventPlace {
  /** The kind of event. */
  readonly type: "epoch";
  /** The training loss of all steps of the epoch together, each before its update. */
  readonly loss: number;
  /** The weight of all targets that counted. */
  readonly count: number;
}

/**
 * The training of a model starts anew, although there was one before: its optimizer has other settings. Steps, epochs,
 * moments and the schedule begin again; the parameters stay. The first event.
 */
export interface RestartEvent extends EventPlace {
  /** The kind of event. */
  readonly type: "restart";
  /** The option with other values than before. */
  readonly reason: "optimizer";
}

/** The training is over; the last event. */
export interface EndEvent extends EventPlace {
  /** The kind of event. */
  readonly type: "end";
  /** Which limit was reached first; `"replaced"`: another training has begun while this one was suspended. */
  readonly reason: "epochs" | "steps" | "seconds" | "patience" | "replaced";
  /** The best evaluation, if there was one. */
  readonly best: BestEvaluation | null;
  /** Whether the parameters are now those of the best evaluation. */
  readonly restored: boolean;
}

/** The best evaluation of a training so far. */
export interface BestEvaluation {
  /** The monitored value. */
  readonly value: number;
  /** Updates before it. */
  readonly step: number;
  /** Pass over the data, from 1. */
  readonly epoch: number;
}

/** An event of `fit`. */
export type TrainingEvent<M extends Metrics = Metrics> =
  | StepEvent
  | StatisticsEvent
  | EvaluationEvent<M>
  | EpochEvent
  | RestartEvent
  | EndEvent;
