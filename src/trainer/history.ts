import type { Metrics } from "./evaluate.ts";
import type { EndEvent, EpochEvent, EvaluationEvent, TrainingEvent } from "./events.ts";

/** What `await fit(...)` gives: the events of a training, without those of each step. */
export interface TrainingHistory<M extends Metrics = Metrics> {
  /** The loss of each step, before its update. */
  readonly losses: readonly number[];
  /** The events of the epochs. */
  readonly epochs: readonly EpochEvent[];
  /** The events of the evaluations. */
  readonly evaluations: readonly EvaluationEvent<M>[];
  /** The last event; undefined before the end. */
  readonly end?: EndEvent;
}

/** The history of the events that were added. */
export class EventHistory<M extends Metrics> implements TrainingHistory<M> {
  readonly losses: number[] = [];
  readonly epochs: EpochEvent[] = [];
  readonly evaluations: EvaluationEvent<M>[] = [];
  end?: EndEvent;

  /** Add an event. */
  add(event: TrainingEvent<M>): void {
    if (event.type === "step") this.losses.push(event.loss);
    else if (event.type === "epoch") this.epochs.push(event);
    else if (event.type === "evaluation") this.evaluations.push(event);
    else if (event.type === "end") this.end = event;
  }
}
