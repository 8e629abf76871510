import { describeNet } from "./checkpoint.ts";
import type { TrainingPlan } from "./plan_training.ts";
import type { TrainedNet } from "./training_step.ts";

/**
 * What data-parallel training needs of a session: processes that each have some rows of every batch, and make the same
 * updates. `Session.trainingAccess` gives it; see `World`. Arrays are views of the session's memory, until the
 * session's next call.
 */
export interface TrainingAccess {
  /** What must be the same in all processes, fit for JSON: the net, loss, optimizer, clip, seed. */
  readonly description: Readonly<Record<string, unknown>>;
  /** The states of the net, in order; `width` elements a row. */
  readonly states: readonly { readonly name: string; readonly width: number }[];
  /** A view of all parameters. */
  parameters(): Float32Array;
  /** Views of everything that an update changes: parameters, moments, averages. */
  trained(): Float32Array[];
  /** Renew what is derived from the parameters, after `trained` was written. */
  refresh(): void;
  /**
   * The gradients since the last update: the number of the next update, those left out included; the weight of all
   * targets; whether a loss was not finite.
   *
   * @throws {OptionError} When there are none.
   */
  accumulated(): { readonly step: number; readonly count: number; readonly isNonFinite: boolean };
  /**
   * Make the gradients those of all processes together.
   *
   * @param total What `accumulated` is for all processes: the sum of all counts; whether any loss was not finite.
   * @param sum Replaces the gradients by the sum over all processes; not called when a loss was not finite.
   */
  combine(
    total: { readonly count: number; readonly isNonFinite: boolean },
    sum: (gradients: Float32Array) => void,
  ): void;
}

/** The access to a session. */
export function trainingAccess({ runner, gradients, optimization }: TrainedNet): TrainingAccess {
  const { plan, io } = runner;
  const { planner: { ranges, elements }, moments, average } = plan;
  return {
    description: describe(plan),
    states: plan.layer.states,
    parameters: () => io.view(ranges.value, elements),
    trained() {
      const addresses = [
        ranges.value,
        ...[...moments, ...average ? [average.value] : []].map(({ address }) => address),
      ];
      return addresses.map((address) => io.view(address, elements));
    },
    refresh: () => runner.refresh(),
    accumulated() {
      gradients.require();
      const step = optimization.updates + optimization.skipped + 1;
      return { step, count: gradients.count, isNonFinite: gradients.isNonFinite };
    },
    combine({ count, isNonFinite }, sum) {
      gradients.combine(count, isNonFinite, () => sum(io.view(ranges.gradient, elements)));
    },
  };
}

function describe(plan: TrainingPlan): Record<string, unknown> {
  const { planner: { parameters, seed }, loss, options } = plan;
  const { optimizer, clip, frozen, averageDecay, skipNonFinite } = options;
  const { name, groups = [], schedule } = optimizer ?? {};
  return {
    net: describeNet(plan),
    parameters: parameters.map(({ name, shape }) => [name, shape]),
    seed,
    loss: [options.loss?.name, loss?.reduction],
    optimizer: [
      name,
      groups.map(({ parameters, learningRate: rate, weightDecay }) => {
        return [parameters, rate, optimizer!.settings(0, { learningRate: rate, weightDecay })];
      }),
      schedule && [0, 99, 9999].map((updates) => schedule.rate(1, updates, schedule.initial ?? {})),
    ],
    clip,
    compiled: { frozen, averageDecay, skipNonFinite },
  };
}
