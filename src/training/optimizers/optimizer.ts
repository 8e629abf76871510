import { requireNumber } from "../../errors.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { Schedule } from "../schedules/schedule.ts";

/**
 * An optimizer: how parameters follow their gradients. Immutable; what changes from update to update is in the
 * session.
 */
export interface Optimizer {
  /** For messages. */
  readonly name: string;
  /** What is kept for every element of a parameter. */
  readonly moments: readonly Moment[];
  /** The options of groups of parameters; the first group has those that are in no other. */
  readonly groups: readonly Group[];
  /** How the learning rates of all groups change. */
  readonly schedule?: Schedule;
  /** The settings of the update after `updates` others, as the kernel reads them. */
  settings(updates: number, now: Hyperparameters): readonly number[];
  /** Update n parameters. Addresses of values, gradients, settings and moments. */
  update(k: Kernels, value: number, gradient: number, settings: number, moments: readonly number[], n: number): void;
}

/** A number for every element of a parameter that lasts from update to update. */
export interface Moment {
  /** PyTorch's name in the state of its optimizer. */
  readonly name: string;
  /** What all of them are at first. */
  readonly initial: number;
}

/** The options of a group of parameters. */
export interface Group {
  /** Names; `*` stands for any part of one. */
  readonly parameters: readonly string[];
  /** Step size before the schedule. */
  readonly learningRate: number;
  /** Weight decay. */
  readonly weightDecay: number;
}

/** What a group updates with now. */
export interface Hyperparameters {
  /** Step size. */
  readonly rate: number;
  /** Weight decay. */
  readonly weightDecay: number;
  /** The schedule's momentum, if it has one. */
  readonly momentum?: number;
}

/** Parameters with options of their own. */
export interface ParameterGroup {
  /** Names of parameters; `*` stands for any part of a name: `["embedding.*", "*.bias"]`. */
  parameters: readonly string[];
  /** Step size. Default: that of the other parameters. */
  learningRate?: number;
  /** Weight decay. Default: that of the other parameters. */
  weightDecay?: number;
}

/** Options of every optimizer. */
export interface OptimizerOptions {
  /** Step size, or what a schedule makes it from. The default is the optimizer's. */
  learningRate?: number;
  /**
   * Weight decay: L2, weightDecay * parameter is added to the gradient (`adamw`: decoupled). The default is the
   * optimizer's.
   */
  weightDecay?: number;
  /** How the learning rates of all groups change from update to update. Default: they do not. */
  schedule?: Schedule;
  /** Parameters with another learning rate or weight decay. Default none. */
  groups?: readonly ParameterGroup[];
}

/** Room for the settings of any optimizer, in floats. */
export const SETTINGS = 8;

/** The groups that the options ask for. */
export function groupsOf(options: OptimizerOptions, defaults: Omit<Group, "parameters">): Group[] {
  const { learningRate = defaults.learningRate, weightDecay = defaults.weightDecay, groups = [] } = options;
  return [{ parameters: [] }, ...groups].map((group: ParameterGroup) => ({
    parameters: group.parameters,
    learningRate: requireNumber("learningRate", group.learningRate ?? learningRate, 0),
    weightDecay: requireNumber("weightDecay", group.weightDecay ?? weightDecay, 0),
  }));
}
