import { OptionError } from "../../errors.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { type Check, list, nonNegative, readOptions, REQUIRED, requireMade, type Table, texts } from "../../options.ts";
import { type Schedule, schedule } from "../schedules/schedule.ts";

/** An optimizer: the rule by which gradients change parameters. Immutable; the session holds what changes. */
export interface Optimizer {
  /** Name of the optimizer in error messages. */
  readonly name: string;
  /** The moments of every parameter element. */
  readonly moments: readonly Moment[];
  /** Options by parameter group. The first group holds every parameter that no other group names. */
  readonly groups: readonly Group[];
  /** Schedule of the learning rates of all groups. */
  readonly schedule?: Schedule;
  /**
   * The settings of one update, in the order in which the optimizer's kernel reads them (see `kernelSettings`).
   *
   * @param updates Number of updates before this one.
   * @param now The group's hyperparameters in this update.
   */
  settings(updates: number, now: Hyperparameters): readonly number[];
  /**
   * Update `n` parameters.
   *
   * @param value Address of the parameters, `[n]`.
   * @param gradient Address of their gradients, `[n]`.
   * @param settings Address of the numbers that `settings` returned.
   * @param moments Addresses of the moments, each `[n]`, in the order of `Optimizer.moments`.
   */
  update(k: Kernels, value: number, gradient: number, settings: number, moments: readonly number[], n: number): void;
}

/** A number for every parameter element that lasts from update to update. */
export interface Moment {
  /** Name of the moment in the state of PyTorch's optimizer. */
  readonly name: string;
  /** Value of every element before the first update. */
  readonly initial: number;
}

/** The options of a group of parameters. */
export interface Group {
  /** Names of parameters; `*` stands for any part of a name. */
  readonly parameters: readonly string[];
  /** Step size before the schedule. */
  readonly learningRate: number;
  /** Weight decay. */
  readonly weightDecay: number;
}

/** The hyperparameters of a group in one update. */
export interface Hyperparameters {
  /** Step size after the schedule. */
  readonly learningRate: number;
  /** Weight decay. */
  readonly weightDecay: number;
  /** Momentum of the schedule, if the schedule has one. */
  readonly momentum?: number;
}

/** Parameters with options of their own. */
export interface ParameterGroup {
  /** Names of parameters; `*` stands for any part of a name: `["embedding.*", "*.bias"]`. */
  parameters: readonly string[];
  /**
   * Step size.
   *
   * @default the optimizer's
   */
  learningRate?: number;
  /**
   * Weight decay.
   *
   * @default the optimizer's
   */
  weightDecay?: number;
}

/** Options of every optimizer. */
export interface OptimizerOptions {
  /** Step size, or the number from which a schedule computes it. Each optimizer documents its default. */
  learningRate?: number;
  /**
   * Weight decay, as L2: weightDecay * parameter is added to the gradient. In `adamw` the decay is decoupled. Each
   * optimizer documents its default.
   */
  weightDecay?: number;
  /**
   * Schedule of the learning rates of all groups.
   *
   * @default none
   */
  schedule?: Schedule;
  /**
   * Parameters with a learning rate or weight decay of their own.
   *
   * @default {[]}
   */
  groups?: readonly ParameterGroup[];
}

const GROUP = {
  parameters: [texts, REQUIRED],
  learningRate: [nonNegative],
  weightDecay: [nonNegative],
} satisfies Table<ParameterGroup>;

/** Options of every optimizer. */
export const OPTIMIZER = {
  learningRate: [nonNegative],
  weightDecay: [nonNegative],
  schedule: [schedule],
  groups: [(name, value) => list(name, value).map((group) => readOptions("a parameter group", GROUP, group))],
} satisfies Table<OptimizerOptions>;

/** The check of an option that is an optimizer. */
export const optimizer: Check<Optimizer> = (name, value) =>
  requireMade(name, value, "update", "an optimizer, such as adam()");

/** Floats that hold the settings of any optimizer; those of Adam are the longest. */
export const SETTINGS_LENGTH = 8;

/**
 * Settings in the order in which a kernel reads them.
 *
 * @param settings Every setting by its position, a member of an enum in kernels/optimizer_settings.ts. The keys are
 * integers, which an object keeps in ascending order.
 */
export function kernelSettings<Setting extends number>(settings: Readonly<Record<Setting, number>>): number[] {
  return Object.values(settings);
}

/** The groups that checked options describe. */
export function parameterGroups(options: OptimizerOptions, defaults: Omit<Group, "parameters">): Group[] {
  const { learningRate = defaults.learningRate, weightDecay = defaults.weightDecay, groups = [] } = options;
  return [{ parameters: [] }, ...groups].map((group: ParameterGroup) => ({
    parameters: group.parameters,
    learningRate: group.learningRate ?? learningRate,
    weightDecay: group.weightDecay ?? weightDecay,
  }));
}

/**
 * Check that an optimizer has the momentum that its schedule changes.
 *
 * @throws {OptionError} When the schedule changes the momentum and `momentum` is 0.
 */
export function requireMomentum(schedule: Schedule | undefined, momentum: number): void {
  if (!schedule?.momentum || momentum) return;
  throw new OptionError(`The schedule "${schedule.name}" changes the momentum: the optimizer needs "momentum" > 0`);
}
