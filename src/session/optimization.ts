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

/** What the schedule says about the next update. */
interface Rates {
  /** The learning rate of each group. */
  readonly learningRates: readonly number[];
  /** The optimizer's settings of each group. */
  readonly settings: readonly (readonly number[])[];
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

  /**
   * Update the parameters with the gradients of `accumulate` or `backward`. See `Session.update`.
   *
   * @throws {OptionError} When there is nothing to update, or nothing to update with. Nothing has changed then.
   */
  updateAccumulated(): Update {
    this.requireTrainedWeights("update");
    this.requireOptimizer();
    this.#gradients.require();
    const rates = this.rates(); // An error up to here keeps the gradients.
    try {
      return this.update(rates);
    } catch (error) {
      this.#gradients.rollBack();
      throw error;
    }
  }

  /** Clip the gradients, if their norm is finite. Returns the norm before clipping. */
  #clip(): number {
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
   * The rates of the next update. A step asks for them before it changes anything.
   *
   * @throws {OptionError} When the schedule gives a learning rate that is not a finite number >= 0, or a momentum that
   *   is not a number >= 0 and < 1. What the schedule throws, it throws here.
   */
  rates(): Rates {
    const optimizer = this.requireOptimizer();
    const { groups, schedule } = optimizer;
    const learningRates = groups.map(({ learningRate: base }) => {
      return schedule ? this.#requireLearningRate(schedule.rate(base, this.updates, this.schedule), base) : base;
    });
    const momentum = schedule?.momentum?.(this.updates);
    if (momentum !== undefined && !(momentum >= 0 && momentum < 1)) {
      throw this.#badSchedule(`momentum ${momentum}`, "a number >= 0 and < 1");
    }
    const settings = groups.map(({ weightDecay }, i) => {
      return optimizer.settings(this.updates, { learningRate: learningRates[i], weightDecay, momentum });
    });
    return { learningRates, settings };
  }

  /** A learning rate that memory, which has f32, can hold. */
  #requireLearningRate(rate: number, base: number): number {
    if (typeof rate === "number" && rate >= 0 && Math.fround(rate) < Infinity) return rate;
    throw this.#badSchedule(`learning rate ${rate} (the optimizer's is ${base})`, "a finite number >= 0");
  }

  #badSchedule(got: string, expected: string): OptionError {
    const name = this.requireOptimizer().schedule?.name;
    return new OptionError(
      `Cannot make update ${this.updates + 1}: expected ${expected} from the schedule "${name}", got the ${got}`,
    );
  }

  /**
   * Clip the gradients, and update the parameters with them.
   *
   * @throws {NonFiniteError} When the norm is not finite, unless compiled with `skipNonFinite`. The parameters have not
   *   changed then, and the caller takes back the gradients.
   */
  update(rates: Rates): Update {
    const gradientNorm = this.#clip();
    if (Number.isFinite(gradientNorm)) this.#apply(rates);
    else this.#skip(gradientNorm);
    return { gradientNorm, learningRate: rates.learningRates[0], skipped: this.skipped };
  }

  /** Make the update. */
  #apply({ settings }: Rates): void {
    const runner = this.#runner;
    const { io, kernels: k, plan: { planner, groupSettings, moments, trained, average, options } } = runner;
    const { value, gradient } = planner.ranges;
    const optimizer = this.requireOptimizer();
    this.#gradients.discard();
    groupSettings.forEach((slot, i) => io.write(slot, settings[i]));
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
    if (!skipNonFinite) {
      const source = gradientSource(this.#runner, this.#gradients.replayed());
      throw nonFiniteError(this.updates + 1, "gradient norm", gradientNorm, source);
    }
    this.#gradients.discard();
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
