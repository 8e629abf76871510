import { OptionError, requireInteger } from "../errors.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { TensorCopy, Tensors } from "../runtime/state_dict.ts";
import type { BestEvaluation } from "./events.ts";

/** Where a training stands; plain numbers, fit for JSON. With the seed, the order of all samples follows from it. */
export interface TrainerState {
  /** Seed of the order of samples. */
  readonly seed: number;
  /** Updates so far, those left out included. */
  readonly step: number;
  /** The pass over the data that goes on or comes next, from 1. */
  readonly epoch: number;
  /** Batches of that pass that were used. */
  readonly batch: number;
  /** Losses of that pass: their sum (times counts, of a mean), and the weight of all targets that counted. */
  readonly loss: { readonly sum: number; readonly count: number };
  /** Updates before the last evaluation; 0: there was none. */
  readonly evaluated: number;
  /** The best evaluation; null before the first. */
  readonly best: BestEvaluation | null;
  /** Evaluations since then. */
  readonly bad: number;
}

/** A training at its start. */
export function startState(seed: number): TrainerState {
  return { seed, step: 0, epoch: 1, batch: 0, loss: { sum: 0, count: 0 }, evaluated: 0, best: null, bad: 0 };
}

/**
 * A copy of a state that was given.
 *
 * @throws {OptionError} When it is none.
 */
export function checkedState({ seed, step, epoch, batch, loss, evaluated, best, bad }: TrainerState): TrainerState {
  for (const [name, value] of Object.entries({ seed, step, batch, evaluated, bad })) requireInteger(name, value, 0);
  requireInteger("epoch", epoch, 1);
  const numbers = [loss?.sum, loss?.count, ...best ? [best.value, best.step, best.epoch] : []];
  if (best === undefined || numbers.some((value) => typeof value !== "number")) {
    throw new OptionError(
      'Cannot go on from "resume": its state needs a loss { sum, count } and a best evaluation or null',
    );
  }
  return { seed, step, epoch, batch, loss: { ...loss }, evaluated, best: best && { ...best }, bad };
}

const BEST = "best.", STATE = "state.";

/** Best parameters and carried states as one set of tensors. */
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

/** The two of them again. */
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
