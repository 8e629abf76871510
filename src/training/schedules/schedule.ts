import { type Check, requireMade } from "../../options.ts";

/** The state of a schedule after some metrics: plain numbers that JSON can hold. */
export type ScheduleState = Readonly<Record<string, number | null>>;

/**
 * The learning rate as a function of the number of updates and of a state. Immutable: the session holds the number of
 * updates and the state, and `Session.trainingState` returns both.
 */
export interface Schedule {
  /** Name in error messages. */
  readonly name: string;
  /** The state before the first metric; empty for a schedule without metrics. */
  readonly initial: ScheduleState;
  /**
   * The learning rate after `updates` updates. `learningRate` is that of the optimizer, or of a group of parameters.
   */
  rate(learningRate: number, updates: number, state: ScheduleState): number;
  /** The momentum (the first beta of Adam) after `updates` updates. Default: the optimizer's momentum. */
  momentum?(updates: number): number;
  /** The state after another metric. Default: the schedule reads no metric. */
  report?(state: ScheduleState, metric: number): ScheduleState;
}

/** The check of an option that is a schedule. */
export const schedule: Check<Schedule> = (name, value) =>
  requireMade(name, value, "rate", "a schedule, such as cosine({ steps: 1000 })");
