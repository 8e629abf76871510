import { format, OptionError, requireInteger } from "../errors.ts";
import { numbers } from "../formats/elements.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Slot } from "../memory/slot.ts";
import { requireTensors, type TensorCopy, type Tensors } from "../runtime/state_dict.ts";
import type { ScheduleState } from "../training/schedules/schedule.ts";
import type { TrainingPlan } from "./plan_training.ts";
import type { TrainedNet } from "./training_step.ts";

/**
 * What an exact continuation of a training needs, beside the parameters and the carried states. Everything but the
 * tensors is fit for JSON.
 */
export interface TrainingState {
  /** Name of the optimizer; empty without one. */
  readonly optimizer: string;
  /** Seed of the random numbers. */
  readonly seed: number;
  /** Updates so far. */
  readonly updates: number;
  /** Updates left out so far because the loss or the gradient norm was not finite. */
  readonly skipped: number;
  /** Training passes so far, on which random numbers depend. */
  readonly passes: number;
  /** The state of the schedule. */
  readonly schedule: ScheduleState;
  /** Moments and averages of every parameter, as `exp_avg.rnn.weight_ih_l0`. */
  readonly tensors: ReadonlyMap<string, TensorCopy>;
}

/** A copy of the state. */
export function readTrainingState(net: TrainedNet): TrainingState {
  const { runner: { plan, io, passes }, optimization: { updates, skipped, schedule } } = net;
  requireBetweenUpdates("read", net);
  const tensors = momentTensors(plan).map(({ name, shape, range, parameter }) =>
    [name, { shape, data: io.parameters.read(range, parameter) }] as const
  );
  const optimizer = plan.options.optimizer?.name ?? "";
  return { optimizer, seed: plan.planner.seed, updates, skipped, passes, schedule, tensors: new Map(tensors) };
}

/** Continue from a state. A state that does not fit changes nothing. */
export function setTrainingState(
  net: TrainedNet,
  state: Omit<TrainingState, "tensors"> & { tensors: Tensors },
): void {
  const { runner, optimization } = net;
  requireBetweenUpdates("set", net);
  requireInteger("updates", state.updates, 0);
  requireInteger("skipped", state.skipped, 0);
  requireInteger("passes", state.passes, 0);
  requireSameTraining(runner.plan, state);
  requireSchedule(state.schedule, optimization.schedule);
  const places = momentTensors(runner.plan);
  const { fitting } = requireTensors("moment", places, state.tensors);
  for (const { name, range, parameter } of places) {
    runner.io.parameters.write(range, parameter, numbers(fitting.get(name)!));
  }
  optimization.updates = state.updates;
  optimization.skipped = state.skipped;
  optimization.schedule = { ...state.schedule };
  runner.passes = state.passes;
}

/** A moment, or the moving average, of one parameter. */
interface MomentTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly range: Slot;
  readonly parameter: ParameterSlot;
}

/** All moments and averages, and their places in memory. */
function momentTensors({ moments, average, planner }: TrainingPlan): MomentTensor[] {
  const ranges = average ? [...moments, average.value] : moments;
  return ranges.flatMap((range) =>
    planner.parameters.map((parameter) => {
      const { name, shape, size } = parameter;
      return { name: `${range.name}.${name}`, shape, size, range, parameter };
    })
  );
}

function requireBetweenUpdates(verb: string, { gradients, optimization }: TrainedNet): void {
  optimization.requireTrainedWeights(`${verb} the training state`);
  if (gradients.isPartial) {
    throw new OptionError(`Cannot ${verb} the training state between "accumulate" and "update"`);
  }
}

/** @throws {OptionError} When the state is of another optimizer, or of other random numbers and the net draws any. */
function requireSameTraining(
  { planner, needs, options }: TrainingPlan,
  { optimizer, seed }: Omit<TrainingState, "tensors">,
): void {
  const name = options.optimizer?.name ?? "";
  if (optimizer !== name) {
    throw new OptionError(
      `Cannot set the training state: it is of the optimizer ${
        format(optimizer)
      }, the session was compiled with "${name}"`,
    );
  }
  if (needs.randomCounter && seed !== planner.seed) {
    throw new OptionError(
      `Cannot set the training state: it is of seed ${
        format(seed)
      }, the session was compiled with seed ${planner.seed}`,
    );
  }
}

function requireSchedule(schedule: ScheduleState, expected: ScheduleState): void {
  const names = Object.keys(expected);
  const fits = Object.keys(schedule).length === names.length &&
    names.every((name) => schedule[name] === null || typeof schedule[name] === "number");
  if (!fits) throw new OptionError(`"schedule" must have the numbers [${names}], got [${Object.keys(schedule)}]`);
}
