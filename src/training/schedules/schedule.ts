/** What a schedule has learned from the metrics it was told; plain numbers, fit for JSON. */
export type ScheduleState = Readonly<Record<string, number | null>>;

/**
 * How the learning rate changes from update to update. Immutable: what changes is the number of updates and the state,
 * both of which the session keeps (and which `Session.trainingState` has).
 */
export interface Schedule {
  /** For messages. */
  readonly name: string;
  /** The state before the first metric; empty where no metric is needed. */
  readonly initial: ScheduleState;
  /**
   * The learning rate after `updates` updates, where the optimizer, or a group of its parameters, has `learningRate`.
   */
  rate(learningRate: number, updates: number, state: ScheduleState): number;
  /** The momentum (the first beta of Adam) after `updates` updates, if the schedule changes that too. */
  momentum?(updates: number): number;
  /** The state after a metric. */
  report?(state: ScheduleState, metric: number): ScheduleState;
}
