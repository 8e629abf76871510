import { NonFiniteError, OptionError } from "../errors.ts";
import type { Slot } from "../memory/slot.ts";
import { apply, measure } from "../training/clip.ts";
import type { Optimizer } from "../training/optimizers/optimizer.ts";
import type { ScheduleState } from "../training/schedules/schedule.ts";
import type { CallOptions, PackedBatch, States } from "../runtime/packed_batch.ts";
import { forwardOrigin, gradientOrigin, type Origin } from "./non_finite.ts";
import type { Data, MeasuredPart, TrainingRunner } from "./training_runner.ts";
import { recomputedGradients } from "./recompute.ts";

/** What an update says. */
export interface Update {
  /** Norm of all gradients, before clipping: the clip's norm, or the Euclidean one. */
  readonly gradientNorm: number;
  /** Learning rate of the parameters that are in no group. */
  readonly learningRate: number;
  /** Updates that were left out so far, as `skipNonFinite` asks for; this one is among them if there is one more. */
  readonly skipped: number;
}

/** Gradients and what they do to the parameters: accumulation, clipping, optimizer, schedule, moving average. */
export class Optimization {
  readonly #passes: TrainingRunner;
  /** Updates so far. */
  count = 0;
  /** Updates left out so far. */
  skipped = 0;
  /** What the schedule has learned. */
  schedule: ScheduleState;
  /** Rows that the gradients in memory are the mean over; 0: they are given, or used. */
  rows = 0;
  /** Whether there are gradients that no update has used. */
  #fresh = false;
  /** The calls that the last gradients are of. */
  #again: () => Iterable<PackedBatch> = () => [];
  /** Whether a part of the batch had a loss that is not finite, and the update is to be left out. */
  spoiled = false;
  /** Whether parameters and their averages have changed places. */
  #exchanged = false;

  constructor(passes: TrainingRunner) {
    this.#passes = passes;
    const { io: border, plan: { norm, moments, planner: { elements }, options: { optimizer, clip } } } = passes;
    this.schedule = optimizer?.schedule?.initial ?? {};
    border.write(norm.limit, [clip?.limit ?? Infinity]);
    border.write(norm.power, [clip?.p ?? 2]);
    optimizer?.moments.forEach(({ initial }, i) => {
      if (initial) border.write(moments[i], new Float64Array(elements).fill(initial));
    });
  }

  /** Refuses to train while the averages are in the place of the parameters. */
  requireParameters(what: string): void {
    if (this.#exchanged) throw new OptionError(`Cannot ${what} while the averages are in use`);
  }

  /** The plan's optimizer. */
  requireOptimizer(): Optimizer {
    const { optimizer } = this.#passes.plan.options;
    if (optimizer) return optimizer;
    throw new OptionError('Cannot update the parameters: the session was compiled without "optimizer"');
  }

  /** The gradients in memory are given: those of `backward`. */
  given(call: PackedBatch): void {
    this.discard();
    this.#again = this.#held(call);
    this.#fresh = true;
  }

  /** Whether a part of a batch awaits the rest of it. */
  get pending(): boolean {
    return this.rows > 0;
  }

  /** Forward, loss and backward; the gradients become the mean, or the sum, over these rows and those before. */
  accumulate(data: Data, options: CallOptions): { loss: number; count: number } {
    this.requireParameters("accumulate gradients");
    const part = this.#gradients(data, options, (count) => this.#begin(count)), { loss, count } = part;
    this.#again = part.again;
    if (!Number.isFinite(loss)) this.#spoil(part);
    else if (count) this.scale(count, this.rows + count);
    this.rows += count;
    this.#fresh = true;
    return { loss, count };
  }

  /** Give up the gradients that no update has used. */
  discard(): void {
    this.rows = 0;
    this.#fresh = false;
    this.spoiled = false;
    this.#again = () => []; // which holds on to the caller's data
  }

  /** Clip the gradients, and update the parameters with them. */
  update(): Update {
    this.requireParameters("update");
    const { kernels: k, io: border, plan: { norm, planner, groupSettings, moments, trained, average, options } } =
      this.#passes;
    const optimizer = this.requireOptimizer(), { schedule, groups } = optimizer;
    const { clip, frozen = [], averageDecay = 0, skipNonFinite } = options;
    this.requireGradients();
    const n = planner.elements, { value, gradient } = planner.ranges;
    for (const { name, gradient, size } of planner.parameters) {
      if (frozen.includes(name)) k.zero(gradient.address, 1, size, size);
    }
    measure(k, norm, gradient, n);
    const gradientNorm = this.spoiled ? NaN : border.scalar(norm.norm);
    const rates = groups.map(({ learningRate: base }) => schedule?.rate(base, this.count, this.schedule) ?? base);
    if (!Number.isFinite(gradientNorm)) {
      const origin = skipNonFinite ? undefined : this.#gradientOrigin();
      this.discard();
      if (origin) throw this.#refusal("gradient norm", gradientNorm, origin);
      return { gradientNorm, learningRate: rates[0], skipped: ++this.skipped };
    }
    this.discard();
    if (clip) apply(k, norm, clip, gradient, n);
    const momentum = schedule?.momentum?.(this.count);
    groups.forEach(({ weightDecay }, i) => {
      border.write(groupSettings[i], optimizer.settings(this.count, { learningRate: rates[i], weightDecay, momentum }));
    });
    if (average) border.write(average.mix, [this.count ? 1 - averageDecay : 1]);
    this.#passes.change(() => {
      for (const { from, elements, group } of trained) {
        const at = from * 4, places = moments.map((slot) => slot.address + at);
        optimizer.update(k, value + at, gradient + at, groupSettings[group].address, places, elements);
      }
      if (average) k.average(average.value.address, value, average.mix.address, n);
    });
    this.count++;
    return { gradientNorm, learningRate: rates[0], skipped: this.skipped };
  }

  /** Tell the schedule a metric. */
  report(metric: number): void {
    const { schedule } = this.requireOptimizer();
    this.schedule = schedule?.report?.(this.schedule, metric) ?? this.schedule;
  }

  /** The range that the averages are in now: before the first update, and in use, that of the parameters. */
  get averages(): Slot | undefined {
    const average = this.#average();
    return this.count && !this.#exchanged ? average : undefined;
  }

  /** Put the averages, once there are any, in the place of the parameters, or the parameters back. */
  useAverages(use: boolean): void {
    const average = this.#average();
    if (use === this.#exchanged) return;
    if (this.count) this.#passes.io.parameters.exchange(average);
    this.#exchanged = use;
    this.#passes.refresh();
  }

  /** Refuses where there is nothing to update with. */
  requireGradients(): void {
    if (!this.#fresh) throw new OptionError("Cannot update: there are no gradients since the last update");
  }

  #average(): Slot {
    const { average } = this.#passes.plan;
    if (average) return average.value;
    throw new OptionError('Cannot use averages: the session was compiled without "averageDecay"');
  }

  /**
   * The gradients of one part, unless its loss is not finite; `begin` is called with the number of its rows before any
   * is added.
   */
  #gradients(data: Data, options: CallOptions, begin: (rows: number) => void): MeasuredPart {
    const passes = this.#passes, { input, options: { recompute, steps, batch } } = passes.plan;
    const B = options.batch ?? batch, width = input.kind === "values" ? input.width : 1;
    if (recompute && B > 0 && data.x.length > steps * B * width) {
      return recomputedGradients(passes, data, options, begin);
    }
    const { call, loss, count } = passes.measure(data, options, true), part = { loss, count, again: this.#held(call) };
    if (!Number.isFinite(loss)) return part;
    begin(count);
    passes.io.clearStateGradients(passes.kernels, call);
    passes.backward(call);
    return part;
  }

  /** A call, as long as memory has it. */
  #held(call: PackedBatch): () => Iterable<PackedBatch> {
    return () => this.#passes.holds(call) ? [call] : [];
  }

  /** An infinite output may pass through a gate to a finite loss, and make NaN only where it meets a zero gradient. */
  #gradientOrigin(): Origin {
    const passes = this.#passes, origin = gradientOrigin(passes), states = passes.states();
    for (const call of this.#again()) {
      const found = forwardOrigin(passes, call);
      if (found) {
        passes.putAside(states);
        return found;
      }
    }
    return origin;
  }

  /** Of a part whose loss is not finite: the states are those that it began with, and its batch is given up. */
  #spoil({ loss, again }: MeasuredPart): void {
    let start: [PackedBatch, States] | undefined, origin: Origin | undefined;
    for (const call of again()) {
      start ??= [call, this.#passes.io.firstStates(call)];
      origin = forwardOrigin(this.#passes, call);
      if (origin) break;
    }
    this.#passes.takeBack(...start!);
    this.spoiled = true;
    if (this.#passes.plan.options.skipNonFinite) return;
    this.discard();
    const finding = "all outputs of the net are finite";
    throw this.#refusal("loss", loss, origin ?? { layer: "", tensor: "loss", finding });
  }

  /**
   * Make place for the mean over `rows` more rows: what is there is scaled so that, once these are added, one more
   * scaling makes the mean over all.
   */
  #begin(rows: number): void {
    if (!this.rows) this.#passes.io.clearParameterGradients(this.#passes.kernels);
    else if (rows) this.scale(this.rows, rows);
  }

  /** Multiply the gradients by a / b, unless the loss is a sum; a factor of 1 leaves every bit. */
  scale(a: number, b: number): void {
    if (this.#passes.loss.reduction === "sum") return;
    const { kernels: k, io: border, plan: { settings, planner: { ranges, elements } } } = this.#passes;
    border.write(settings, [a / b]);
    k.scale(ranges.gradient, settings.address, elements);
  }

  #refusal(what: string, value: number, { layer, tensor, finding }: Origin): NonFiniteError {
    const step = this.count + 1;
    return new NonFiniteError(
      `Cannot make update ${step}: the ${what} is ${value}, expected a finite number; ${finding}`,
      { step, layer: layer || undefined, tensor },
    );
  }
}
