import { OptionError, requireInteger } from "../errors.ts";
import { requireMade } from "../options.ts";
import type { States } from "../runtime/packed_batch.ts";
import { requireTensors, type TensorCopy, type Tensors } from "../runtime/state_dict.ts";
import type { Session } from "../session/session.ts";
import type { BestEvaluation, EndEvent } from "./events.ts";

/** Epochs, when no limit is given. */
const DEFAULT_EPOCHS = 10;

/** The state of a training: plain numbers, fit for JSON. The order of all samples follows from the seed. */
export interface TrainerState {
  /** Seed of the order of samples. */
  readonly seed: number;
  /** Updates so far, including those that were left out. */
  readonly step: number;
  /** The current or next epoch, from 1. */
  readonly epoch: number;
  /** Batches of the epoch that were used. */
  readonly batch: number;
  /**
   * The loss of the epoch so far: its sum (of a mean, each times its count), and the weight of all targets that
   * counted.
   */
  readonly loss: { readonly sum: number; readonly count: number };
  /** Updates before the last evaluation; 0 before the first evaluation. */
  readonly evaluated: number;
  /** The best evaluation; null before the first. */
  readonly best: BestEvaluation | null;
  /** Evaluations since the best one. */
  readonly bad: number;
  /** Of a training that goes on from another one: where it began. Its limits count from there. */
  readonly start?: { readonly step: number; readonly epoch: number };
}

/** The state at the start of a training. */
export function startState(seed: number): TrainerState {
  return { seed, step: 0, epoch: 1, batch: 0, loss: { sum: 0, count: 0 }, evaluated: 0, best: null, bad: 0 };
}

/**
 * The state of a training that goes on from another one.
 *
 * @param isSameData Whether an interrupted epoch can go on. Otherwise the next one begins.
 */
export function continuedState({ seed, step, epoch, batch, loss }: TrainerState, isSameData: boolean): TrainerState {
  const place = isSameData ? { epoch, batch, loss } : { epoch: batch ? epoch + 1 : epoch };
  const state = { ...startState(seed), ...place, step, evaluated: step };
  return { ...state, start: { step, epoch: state.epoch } };
}

/** What ends a training. */
interface Limits {
  readonly epochs?: number;
  readonly steps?: number;
  readonly seconds?: number;
  readonly patience?: number;
}

/** The most epochs of a training. */
export function epochLimit({ epochs, steps, seconds }: Limits): number {
  return epochs ?? ((steps ?? seconds) === undefined ? DEFAULT_EPOCHS : Infinity);
}

/** The limit that a training has reached, if any; its time is not looked at. */
export function reachedLimit(
  { step, epoch, bad, start = { step: 0, epoch: 1 } }: TrainerState,
  limits: Limits,
): EndEvent["reason"] | undefined {
  const { steps, patience = Infinity } = limits;
  if (bad > patience) return "patience";
  if (epoch - start.epoch >= epochLimit(limits)) return "epochs";
  return step - start.step >= (steps ?? Infinity) ? "steps" : undefined;
}

/**
 * A copy of a state.
 *
 * @throws {OptionError} When the state is not that of a training.
 */
export function checkedState(state: TrainerState): TrainerState {
  requireMade("resume.state", state, "seed", "the state of a training");
  const { seed, step, epoch, batch, loss, evaluated, best, bad, start } = state;
  for (const [name, value] of Object.entries({ seed, step, batch, evaluated, bad })) requireInteger(name, value, 0);
  requireInteger("epoch", epoch, 1);
  if (start) {
    requireInteger("start.step", start.step, 0);
    requireInteger("start.epoch", start.epoch, 1);
  }
  const numbers = [loss?.sum, loss?.count, ...best ? [best.value, best.step, best.epoch] : []];
  if (best === undefined || numbers.some((value) => typeof value !== "number")) {
    throw new OptionError(
      'Cannot go on from "resume": its state needs a loss { sum, count } and a best evaluation or null',
    );
  }
  return {
    seed,
    step,
    epoch,
    batch,
    loss: { ...loss },
    evaluated,
    best: best && { ...best },
    bad,
    ...start && { start: { ...start } },
  };
}

const BEST = "best.", STATE = "state.";

/** The best parameters and the carried states as one set of tensors. */
export function packTensors(
  best: ReadonlyMap<string, TensorCopy> | undefined,
  carried: States | "zero",
): Map<string, TensorCopy> {
  const tensors = new Map<string, TensorCopy>();
  for (const [name, { shape, data }] of best ?? []) tensors.set(BEST + name, { shape, data: data.slice() });
  if (carried === "zero") return tensors;
  for (const [name, data] of Object.entries(carried)) {
    tensors.set(STATE + name, { shape: [data.length], data: data.slice() });
  }
  return tensors;
}

/** The best parameters and the carried states in a set of tensors. */
export function unpackTensors(
  tensors: Tensors,
): { best: Map<string, TensorCopy> | undefined; carried: States | "zero" } {
  const best = new Map<string, TensorCopy>(), carried: States = {};
  for (const [name, { shape, data }] of tensors) {
    const copy = Float32Array.from<number | bigint>(data, Number);
    if (name.startsWith(BEST)) best.set(name.slice(BEST.length), { shape, data: copy });
    else if (name.startsWith(STATE)) carried[name.slice(STATE.length)] = copy;
    else throw new OptionError(`Cannot go on from "resume": "${name}" is not a tensor of a training`);
  }
  return { best: best.size ? best : undefined, carried: Object.keys(carried).length ? carried : "zero" };
}

/**
 * The best parameters of a training that goes on.
 *
 * @throws {OptionError} When there are none, or they are not those of the session.
 */
export function requireBest(
  session: Session,
  best: Map<string, TensorCopy> | undefined,
): Map<string, TensorCopy> {
  if (!best) throw new OptionError('Cannot go on from "resume": without the best parameters they cannot be restored');
  const places = [...session.parameters()].map(([name, { shape, data }]) => ({ name, shape, size: data.length }));
  requireTensors("best parameter", places, best);
  return best;
}
