import { OptionError } from "../errors.ts";
import type { Slot } from "../memory/slot.ts";
import { apply, measure } from "../training/clip.ts";
import type { Optimizer } from "../training/optimizers/optimizer.ts";
import type { ScheduleState } from "../training/schedules/schedule.ts";
import type { Gradients } from "./gradients.ts";
import { gradientSource, nonFiniteError } from "./non_finite.ts";
import type { TrainingRunner } from "./training_runner.ts";

/** What an update reports. */
export interface Update {
  /** The norm of all gradients before clipping: the clip's norm, or the Euclidean norm. */
  readonly gradientNorm: number;
  /** The learning rate of the parameters that are in no group. */
  readonly learningRate: number;
  /** The number of updates left out so far, as `skipNonFinite` asks for, this one included. */
  readonly skipped: number;
}

/** What turns gradients into an update of the parameters: clipping, optimizer, schedule, moving average. */
export class Optimization {
  readonly #runner: TrainingRunner;
  readonly #gradients: Gradients;
  /** Updates so far. */
  updates = 0;
  /** Updates left out so far. */
  skipped = 0;
  /** The state of the schedule. */
  schedule: ScheduleState;
  /** Which weights stand in the place of the parameters. */
  #weights: "trained" | "averaged" = "trained";

  constructor(runner: TrainingRunner, gradients: Gradients) {
    this.#runner = runner;
    this.#gradients = gradients;
    const { io, plan: { norm, moments, planner: { elements }, options: { optimizer, clip } } } = runner;
    this.schedule = optimizer?.schedule?.initial ?? {};
    io.write(norm.limit, [clip?.limit ?? Infinity]);
    io.write(norm.power, [clip?.p ?? 2]);
    optimizer?.moments.forEach(({ initial }, i) => {
      if (initial) io.write(moments[i], new Float64Array(elements).fill(initial));
    });
  }

  /**
   * @param what What the caller wants to do, for the error.
   * @throws {OptionError} While the moving averages stand in the place of the parameters.
   */
  requireTrainedWeights(what: string): void {
    if (this.#weights === "averaged") throw new OptionError(`Cannot ${what} while the averages are in use`);
  }

  /** @throws {OptionError} When the session was compiled without an optimizer. */
  requireOptimizer(): Optimizer {
    const { optimizer } = this.#runner.plan.options;
    if (optimizer) return optimizer;
    throw new OptionError('Cannot update the parameters: the session was compiled without "optimizer"');
  }

  /** @throws {OptionError} When there is nothing to update, or nothing to update with. */
  requireUpdate(): void {
    this.requireTrainedWeights("update");
    this.requireOptimizer();
    this.#gradients.require();
  }

  /** Clip the gradients, if their norm is finite. Returns the norm before clipping. */
  clip(): number {
    const { kernels: k, io, plan: { norm, planner, options: { clip, frozen = [] } } } = this.#runner;
    for (const { name, gradient, size } of planner.parameters) {
      if (frozen.includes(name)) k.zero(gradient.address, 1, size, size);
    }
    measure(k, norm, planner.ranges.gradient, planner.elements);
    const gradientNorm = this.#gradients.isNonFinite ? NaN : io.scalar(norm.norm);
    if (clip && Number.isFinite(gradientNorm)) apply(k, norm, clip, planner.ranges.gradient, planner.elements);
    return gradientNorm;
  }

  /**
   * Update the parameters with the gradients.
   *
   * @throws {NonFiniteError} When the norm is not finite, unless compiled with `skipNonFinite`. Nothing has changed
   *   then.
   */
  update(gradientNorm: number): Update {
    const { groups, schedule } = this.requireOptimizer();
    const rates = groups.map(({ learningRate: base }) => schedule?.rate(base, this.updates, this.schedule) ?? base);
    if (Number.isFinite(gradientNorm)) this.#apply(rates);
    else this.#skip(gradientNorm);
    return { gradientNorm, learningRate: rates[0], skipped: this.skipped };
  }

  /** Make the update with these learning rates, one a group. */
  #apply(rates: readonly number[]): void {
    const runner = this.#runner;
    const { io, kernels: k, plan: { planner, groupSettings, moments, trained, average, options } } = runner;
    const { value, gradient } = planner.ranges;
    const optimizer = this.requireOptimizer();
    const momentum = optimizer.schedule?.momentum?.(this.updates);
    this.#gradients.discard();
    optimizer.groups.forEach(({ weightDecay }, i) => {
      io.write(groupSettings[i], optimizer.settings(this.updates, { learningRate: rates[i], weightDecay, momentum }));
    });
    if (average) io.write(average.mix, [this.updates ? 1 - (options.averageDecay ?? 0) : 1]);
    runner.changeParameters(() => {
      for (const { from, elements, group } of trained) {
        const offset = from * 4;
        const addresses = moments.map((slot) => slot.address + offset);
        optimizer.update(k, value + offset, gradient + offset, groupSettings[group].address, addresses, elements);
      }
      if (average) k.average(average.value.address, value, average.mix.address, planner.elements);
    });
    this.updates++;
  }

  /** Leave out an update whose gradient norm is not finite. */
  #skip(gradientNorm: number): void {
    const { skipNonFinite } = this.#runner.plan.options;
    const source = skipNonFinite ? undefined : gradientSource(this.#runner, this.#gradients.replayed());
    this.#gradients.discard();
    if (source) throw nonFiniteError(this.updates + 1, "gradient norm", gradientNorm, source);
    this.skipped++;
  }

  /** Report a metric to the schedule. */
  report(metric: number): void {
    const { schedule } = this.requireOptimizer();
    this.schedule = schedule?.report?.(this.schedule, metric) ?? this.schedule;
  }

  /** The range that holds the moving averages now: that of the parameters, before the first update and while in use. */
  get averages(): Slot | undefined {
    const range = this.#requireAverage();
    return this.updates && this.#weights === "trained" ? range : undefined;
  }

  /** Put the moving averages, once there are any, in the place of the parameters; or the parameters back. */
  useAverages(use: boolean): void {
    const range = this.#requireAverage();
    const weights = use ? "averaged" : "trained";
    if (weights === this.#weights) return;
    if (this.updates) this.#runner.io.parameters.exchange(range);
    this.#weights = weights;
    this.#runner.refresh();
  }

  #requireAverage(): Slot {
    const { average } = this.#runner.plan;
    if (average) return average.value;
    throw new OptionError('Cannot use averages: the session was compiled without "averageDecay"');
  }
}
