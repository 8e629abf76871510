import { OptionError } from "../errors.ts";
import { extended, flag, natural, rate, type Table, texts } from "../options.ts";
import type { Layer } from "../layers/layer.ts";
import type { ParameterSlot, Planner } from "../memory/planner.ts";
import type { Slot } from "../memory/slot.ts";
import type { Initialiser } from "../ops/initialise.ts";
import { type NetPlan, placeLayers, placeStaging, SIZE, type SizeOptions } from "../runtime/plan.ts";
import { type Clip, clip, type ClipSlots, NORM_BLOCK } from "../training/clip.ts";
import { type Loss, loss, type PlannedLoss } from "../training/losses/loss.ts";
import { type Group, type Optimizer, optimizer, SETTINGS_LENGTH } from "../training/optimizers/optimizer.ts";

/** What a session is compiled for. */
export interface PlanOptions extends SizeOptions {
  /**
   * Whether `step` takes sequences longer than `steps`. They run in segments of `steps`, each of them forward twice:
   * the same gradients in the memory of one segment.
   *
   * @default {false}
   */
  recompute?: boolean;
  /**
   * Whether the session computes gradients.
   *
   * @default true with an optimizer
   */
  train?: boolean;
  /** The loss of `step` and `evaluate`. */
  loss?: Loss;
  /** What updates the parameters in `step`. */
  optimizer?: Optimizer;
  /**
   * Gradient clipping in `step`.
   *
   * @default none
   */
  clip?: Clip;
  /**
   * Whether an update whose loss or gradient norm is not finite is left out and counted, as `skipped`, instead of
   * throwing NonFiniteError.
   *
   * @default {false}
   */
  skipNonFinite?: boolean;
  /**
   * Names of parameters that `step` does not change.
   *
   * @default none
   */
  frozen?: readonly string[];
  /**
   * Whether the gradients of the recurrent layers' outputs h(t) are kept, for `session.gradientFlow()`. They take
   * `steps` blocks `[B, H]` of memory instead of two, for each layer and direction. Needs gradients.
   *
   * The gradient of h(t) is the whole one: from the layer above at step t, and from step t + 1 (of a reverse direction,
   * from step t - 1; t is the step of the sequence). Other states, such as the c of an LSTM, and steps behind a row's
   * length are left out. The gradient is that of the last backward, of `backward`, `step` or `accumulate`; a mean over
   * rows divides it by their number. Clipping comes later and does not change it. Norms are summed in doubles in one
   * order: the same bits for any number of threads, and for the segments of `recompute`.
   *
   * @default {false}
   */
  gradientFlow?: boolean;
  /**
   * Decay of an exponential moving average of all parameters, from 0 to below 1. After each update average += (1 -
   * averageDecay) (parameters - average); the first update copies the parameters. As PyTorch's `AveragedModel` with
   * `get_ema_multi_avg_fn`.
   *
   * @default no average
   */
  averageDecay?: number;
  /**
   * Seed of the parameters' first values and of dropout, a non-negative integer.
   *
   * @default {0}
   */
  seed?: number;
}

/** What a session is compiled for. */
export const PLAN = /* @__PURE__ */ extended(SIZE, {
  recompute: [flag],
  train: [flag],
  loss: [loss],
  optimizer: [optimizer],
  clip: [clip],
  skipNonFinite: [flag],
  frozen: [texts],
  gradientFlow: [flag],
  averageDecay: [rate],
  seed: [natural],
}) satisfies Table<PlanOptions>;

/** A part of the range of all parameters that is updated alike. */
export interface ParameterRange {
  readonly from: number;
  readonly elements: number;
  /** Index of the optimizer's group. */
  readonly group: number;
}

/** The plan of a net that may be trained. */
export interface TrainingPlan extends NetPlan {
  readonly options: PlanOptions & { readonly decoderSteps: number; readonly train: boolean };
  /** The initialisers of the parameters, in order. */
  readonly initial: readonly Initialiser[];
  readonly loss?: PlannedLoss;
  readonly norm: ClipSlots;
  /** The optimizer's settings of each group. */
  readonly groupSettings: readonly Slot[];
  readonly moments: readonly Slot[];
  /** The moving average of all parameters, and the weight of an update in the average. */
  readonly average?: { readonly value: Slot; readonly mix: Slot };
  /** The parameters that an update changes, by group, neighbours joined. */
  readonly trained: readonly ParameterRange[];
}

/**
 * Give every tensor of a net that may be trained its place in memory: what `planNet` places, the loss, and what updates
 * need.
 *
 * @throws {OptionError} When a size is not a positive integer, or a name or pattern fits no parameter.
 * @throws {PlanError} When the net needs more than 2 GiB.
 */
export function planTraining(net: Layer, options: PlanOptions, threads = 1): TrainingPlan {
  const { optimizer, averageDecay, train = optimizer !== undefined } = options;
  const { moments = [], groups = [] } = optimizer ?? {};
  const frozen = options.frozen?.map((name) => net.tied?.[name] ?? name) ?? [];
  if (options.loss && net.output.parts) {
    throw new OptionError(`Cannot measure a loss of two sequences: the net ends with merge "none"`);
  }
  const { plan, planner, scope } = placeLayers(net, { ...options, train }, threads);
  const { value: { rows }, width } = plan.layer.output;
  const loss = options.loss?.plan(scope, plan.layer.output);
  const slots = {
    moments: moments.map(({ name }) => planner.moment(name)),
    average: averageDecay === undefined ? undefined : {
      value: planner.moment("average"),
      mix: planner.derived("average mix", 1, 1),
    },
    groupSettings: groups.map((_, i) => planner.derived(`settings of group ${i}`, 1, SETTINGS_LENGTH)),
    norm: {
      sums: planner.derived("sums of squares", 1, 2 * Math.ceil(planner.elements / NORM_BLOCK)),
      norm: planner.derived("gradient norm", 1, 1),
      scale: planner.derived("gradient scale", 1, 1),
      limit: planner.derived("gradient limit", 1, 1),
      power: planner.derived("order of the norm", 1, 1),
    },
  };
  return {
    ...plan,
    ...slots,
    // One weight for each row of the output, or for each sequence, and the lengths of labels.
    staging: placeStaging(planner, plan, loss && (loss.elements ?? rows * width) + rows + options.batch),
    bytes: planner.finish(),
    options: { ...options, ...plan.options, train, frozen },
    initial: Object.values(net.parameters).map(({ initial }) => initial),
    loss,
    trained: trainedRanges(planner, frozen, groups),
  };
}

/**
 * The parameters that are not frozen, by group, neighbours joined.
 *
 * @throws {OptionError} When a name or pattern fits no parameter, or two groups have the same parameter.
 */
function trainedRanges(planner: Planner, frozen: readonly string[], groups: readonly Group[]): ParameterRange[] {
  const names = planner.parameters.map(({ name }) => name);
  const unknown = frozen.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new OptionError(`Cannot freeze "${unknown}": the net has no such parameter`);
  const groupOf = assignGroups(planner.parameters, groups);
  const starts = planner.parameters.map(({ value }) => (value.address - planner.ranges.value) / 4);
  starts.push(planner.elements);
  const ranges: { from: number; elements: number; group: number }[] = [];
  names.forEach((name, i) => {
    if (frozen.includes(name)) return;
    const from = starts[i];
    const elements = starts[i + 1] - from;
    const group = groupOf.get(name) ?? 0;
    const last = ranges.at(-1);
    if (last && last.group === group && last.from + last.elements === from) last.elements += elements;
    else ranges.push({ from, elements, group });
  });
  return ranges;
}

/** The group's index of each parameter that a group names, by any of the parameter's names. */
function assignGroups(all: readonly ParameterSlot[], groups: readonly Group[]): Map<string, number> {
  const assigned = new Map<string, number>();
  groups.forEach(({ parameters }, group) => {
    for (const pattern of parameters) {
      const matches = all.filter(({ name, aliases }) => [name, ...aliases].some((one) => fits(one, pattern)));
      if (!matches.length) throw new OptionError(`Cannot group "${pattern}": the net has no such parameter`);
      for (const { name } of matches) {
        const other = assigned.get(name) ?? group;
        if (other !== group) throw new OptionError(`Cannot group "${pattern}": "${name}" is in another group already`);
        assigned.set(name, group);
      }
    }
  });
  return assigned;
}

/** Whether a name matches a pattern, in which `*` stands for any part. */
function fits(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}
