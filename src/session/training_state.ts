import { OptionError, requireInteger } from "../errors.ts";
import { numbers } from "../formats/elements.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Slot } from "../memory/slot.ts";
import type { ScheduleState } from "../training/schedules/schedule.ts";
import type { TrainingRunner } from "./training_runner.ts";
import { requireTensors, type TensorCopy, type Tensors } from "../runtime/state_dict.ts";
import type { Optimization } from "./optimization.ts";

/**
 * What a training needs, beside the parameters and the carried states, to go on bit for bit. All but the tensors is
 * fit for JSON.
 */
export interface TrainingState {
  /** Name of the optimizer; empty without one. */
  readonly optimizer: string;
  /** Seed of the random numbers. */
  readonly seed: number;
  /** Updates so far. */
  readonly updates: number;
  /** Updates left out so far because loss or gradient norm were not finite. */
  readonly skipped: number;
  /** Training passes so far: what random numbers depend on. */
  readonly passes: number;
  /** What the schedule has learned. */
  readonly schedule: ScheduleState;
  /** Moments and averages of every parameter, as `exp_avg.rnn.weight_ih_l0`. */
  readonly tensors: ReadonlyMap<string, TensorCopy>;
}

/** A copy of the state. */
export function readTrainingState(passes: TrainingRunner, updates: Optimization): TrainingState {
  requireWhole("read", updates);
  const tensors = places(passes).map(({ name, shape, range, parameter }) =>
    [name, { shape, data: passes.io.parameters.readPart(range, parameter) }] as const
  );
  const { plan: { planner: { seed }, options }, count: number } = passes, { count, skipped, schedule } = updates;
  const optimizer = options.optimizer?.name ?? "";
  return { optimizer, seed, updates: count, skipped, passes: number, schedule, tensors: new Map(tensors) };
}

/** Go on from a state; one that does not fit changes nothing. */
export function setTrainingState(
  passes: TrainingRunner,
  updates: Optimization,
  state: Omit<TrainingState, "tensors"> & { tensors: Tensors },
): void {
  requireWhole("set", updates);
  requireInteger("updates", state.updates, 0);
  requireInteger("skipped", state.skipped, 0);
  requireInteger("passes", state.passes, 0);
  requireSame(passes, state);
  requireSchedule(state.schedule, updates.schedule);
  const wanted = places(passes);
  const { given } = requireTensors("moment", wanted, state.tensors);
  for (const { name, range, parameter } of wanted) {
    passes.io.parameters.writePart(range, parameter, numbers(given.get(name)!));
  }
  updates.count = state.updates;
  updates.skipped = state.skipped;
  updates.schedule = { ...state.schedule };
  passes.count = state.passes;
}

interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly range: Slot;
  readonly parameter: ParameterSlot;
}

/** Where the tensors are. */
function places({ plan: { moments, average, planner } }: TrainingRunner): Place[] {
  const ranges = average ? [...moments, average.value] : moments;
  return ranges.flatMap((range) =>
    planner.parameters.map((parameter) => {
      const { name, shape, size } = parameter;
      return { name: `${range.name}.${name}`, shape, size, range, parameter };
    })
  );
}

function requireWhole(verb: string, updates: Optimization): void {
  updates.requireParameters(`${verb} the training state`);
  if (updates.pending) {
    throw new OptionError(`Cannot ${verb} the training state between "accumulate" and "update"`);
  }
}

/** Refuses a state of another optimizer, or of other random numbers where the net draws any. */
function requireSame(
  { plan: { planner, needs, options } }: TrainingRunner,
  { optimizer, seed }: Omit<TrainingState, "tensors">,
): void {
  const name = options.optimizer?.name ?? "";
  if (optimizer !== name) {
    throw new OptionError(
      `Cannot set the training state: it is of the optimizer "${optimizer}", the session was compiled with "${name}"`,
    );
  }
  if (needs.randomCounter && seed !== planner.seed) {
    throw new OptionError(
      `Cannot set the training state: it is of seed ${seed}, the session was compiled with seed ${planner.seed}`,
    );
  }
}

function requireSchedule(given: ScheduleState, known: ScheduleState): void {
  const names = Object.keys(known);
  const fits = Object.keys(given).length === names.length &&
    names.every((name) => given[name] === null || typeof given[name] === "number");
  if (!fits) throw new OptionError(`"schedule" must have the numbers [${names}], got [${Object.keys(given)}]`);
}
