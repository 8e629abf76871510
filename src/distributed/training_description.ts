import { describeNet } from "../session/checkpoint.ts";
import type { NetPlan } from "../runtime/plan.ts";
import type { WorldOptions } from "../trainer/world.ts";
import { VERSION } from "./version.ts";

/** What has to be the same in sessions that train one net together, fit for JSON. */
export function describeTraining(plan: NetPlan, options: WorldOptions): Record<string, unknown> {
  const { planner: { parameters, seed }, options: { loss, optimizer, clip, frozen, averageDecay, skipNonFinite } } =
    plan;
  const { name, groups = [], schedule } = optimizer ?? {};
  const rates = schedule && [0, 99, 9999].map((updates) => schedule.rate(1, updates, schedule.initial ?? {}));
  const {
    epochs,
    steps,
    batch,
    shuffle,
    bucket,
    carry,
    accumulate,
    evaluate,
    metrics,
    monitor,
    patience,
    restoreBest,
  } = options;
  return {
    version: VERSION,
    net: describeNet(plan),
    parameters: parameters.map(({ name, shape }) => [name, shape]),
    seed,
    loss: [loss?.name, plan.loss?.reduction],
    optimizer: [
      name,
      groups.map(({ parameters, learningRate: rate, weightDecay }) => {
        return [parameters, rate, optimizer!.settings(0, { learningRate: rate, weightDecay })];
      }),
      rates,
    ],
    clip,
    compiled: { frozen, averageDecay, skipNonFinite },
    fit: { epochs, steps, batch, shuffle, bucket, carry, accumulate, monitor, patience, restoreBest },
    evaluate: evaluate && { every: evaluate.every, averages: evaluate.averages, metrics: Object.keys(metrics ?? {}) },
  };
}

/** Part of a net that is trained: the ranges of its parameters, moments and averages, each in floats from an address. */
export function trainedRanges({ planner: { ranges, elements }, moments, average }: NetPlan): [number, number][] {
  const addresses = [ranges.value, ...moments.map(({ address }) => address), ...average ? [average.value.address] : []];
  return addresses.map((address) => [address, elements]);
}
