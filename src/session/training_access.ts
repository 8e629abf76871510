import { describeNet } from "./checkpoint.ts";
import type { TrainingPlan } from "./plan_training.ts";
import type { Session } from "./session.ts";

/**
 * Session internals for data-parallel training, in which processes compute some rows of every batch each and make the
 * same updates. `trainingAccess` returns them, an implementation of `World` uses them. Arrays are views of the
 * session's memory, valid until the session's next call. With `threads` above 1 this memory is a SharedArrayBuffer.
 */
export interface TrainingAccess {
  /**
   * What must be the same in all processes, fit for JSON: net, names and shapes of the parameters, loss, optimizer,
   * clip, seed.
   */
  readonly description: Readonly<Record<string, unknown>>;
  /** The states of the net, in order. `Session.states()` has each one as `[rows, width]`, by its name. */
  readonly states: readonly { readonly name: string; readonly width: number }[];
  /** A view of all parameters. */
  parameters(): Float32Array;
  /**
   * Views of everything that an update changes: the parameters, each moment of the optimizer, the averages. Processes
   * with the same `description` have the same views in the same order.
   */
  trained(): Float32Array[];
  /** Renew what is derived from the parameters. Call it after a write to `trained`. */
  refresh(): void;
  /**
   * What the gradients since the last update are of: the number of the next update, from 1, with the updates that were
   * left out; the weight of all targets, which may be 0 with `shard`; whether a loss was not finite, which only a
   * session with `skipNonFinite` lets pass.
   *
   * @throws {OptionError} When there are no gradients.
   */
  accumulated(): { readonly step: number; readonly count: number; readonly isNonFinite: boolean };
  /**
   * Make the gradients those of all processes together, for the next `update`. All processes must call it, those with
   * `count` 0 too.
   *
   * @param total The sum of `count` of all processes; whether `isNonFinite` is true in any process, so that all of them
   *   leave out the update.
   * @param sum Replaces the gradients, element by element, by their sum over all processes. `combine` calls it once,
   *   unless a loss was not finite. Before that `combine` multiplies the gradients of a mean by this process's count /
   *   `total.count`, so that the sum is the mean over the targets of all processes.
   */
  combine(
    total: { readonly count: number; readonly isNonFinite: boolean },
    sum: (gradients: Float32Array) => void,
  ): void;
}

/**
 * The access to a session.
 *
 * @throws {OptionError} When the session was compiled without training.
 *
 * @example
 * ```ts
 * import { compile, dense, sgd, squaredError } from "@unroll/rnn";
 * import { trainingAccess } from "@unroll/rnn/mpi";
 * import { assertEquals } from "@std/assert";
 *
 * const training = { loss: squaredError(), optimizer: sgd() };
 * const session = await compile(dense(2, 1), { batch: 1, steps: 1, ...training });
 * session.accumulate({ x: [1, 2], y: [3] });
 * assertEquals(trainingAccess(session).accumulated().count, 1);
 * session.dispose();
 * ```
 */
export function trainingAccess(session: Session): TrainingAccess {
  session.requireTraining("train");
  const { runner, gradients, optimization } = session.trained;
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
