import { OptionError } from "../errors.ts";
import { turn } from "../runtime/event_loop.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";
import type { Session } from "../session/session.ts";
import type { Batch } from "../training/data/batch.ts";
import { type Accumulation, startAccumulation } from "./accumulation.ts";
import { TotalLoss } from "../training/losses/total_loss.ts";
import { type BatchSource, batchSource, evaluationSource, type TrainingData } from "./batches.ts";
import { callOptions, evaluateSource, type Measure, type Metrics } from "./evaluate.ts";
import type { EndEvent, TrainingEvent } from "./events.ts";
import { EventHistory, type TrainingHistory } from "./history.ts";
import { checkOptions, type TrainerOptions } from "./options.ts";
import {
  checkedState,
  continuedState,
  packTensors,
  reachedLimit,
  requireBest,
  startState,
  type TrainerState,
  unpackTensors,
} from "./state.ts";
import { readStatistics } from "./statistics.ts";
import { TrainingRun } from "./training_run.ts";

/** The last training that has begun in each session. */
const LAST = new WeakMap<Session, Training<Metrics>>();

/**
 * A training, made by `fit`: an async iterable of events, and a promise of its history. It starts with the first event
 * that is asked for, or with `await`, once. Breaking out of the loop suspends the training between two steps; iterating
 * again or awaiting goes on.
 */
export class Training<M extends Metrics = Metrics> extends TrainingRun<TrainingEvent<M>, TrainingHistory<M>> {
  readonly #session: Session;
  readonly #options: TrainerOptions<M>;
  readonly #source: BatchSource;
  readonly #measure: Measure<M> | undefined;
  readonly #isLowerBetter: boolean;
  readonly #restoresBest: boolean;
  #state: TrainerState;
  /** The states that the next batch starts from. */
  #carried: States | "zero" = "zero";
  /** The parameters of the best evaluation so far. */
  #best: Map<string, TensorCopy> | undefined;
  /** The end of the time limit, on the clock of `performance`. */
  #deadline = Infinity;
  #phase: "new" | "begun" | "over" = "new";
  /** Trainings with equal elements here have the same batches. */
  readonly #data: readonly unknown[];
  readonly #history = new EventHistory<M>();

  /**
   * `fit` makes trainings.
   *
   * @param identity Tells the data from other data.
   * @param measure Measures the evaluation data. Default: in the session.
   */
  constructor(
    session: Session,
    data: TrainingData,
    options: TrainerOptions<M>,
    identity: readonly unknown[] = [data],
    measure?: Measure<M>,
  ) {
    super();
    this.#isLowerBetter = checkOptions(options) === "lower";
    const { evaluate, resume, batch, bucket, shuffle, restoreBest = evaluate !== undefined } = options;
    const seed = options.seed ?? resume?.state.seed ?? LAST.get(session)?.state.seed ?? 0;
    this.#session = session;
    this.#data = [...identity, batch, bucket, shuffle];
    this.#options = options;
    this.#restoresBest = restoreBest;
    const ranks = options.world?.size;
    this.#source = batchSource(session, data, { ...options, seed, longest: session.layout.longest, ranks });
    const evaluationBatch = ranks && batch ? Math.min(batch, session.batch) : batch;
    const source = evaluate && !measure && evaluationSource(session, evaluate.data, evaluationBatch);
    this.#measure = source ? (given) => evaluateSource(session, source, given) : measure;
    this.#state = resume ? checkedState(resume.state) : startState(seed);
    if (this.#state.seed !== seed) {
      throw new OptionError(`Cannot go on from a training with seed ${this.#state.seed}: "seed" is ${seed}`);
    }
    const { best, carried } = unpackTensors(resume?.tensors ?? new Map());
    this.#carried = carried;
    if (this.#restoresBest && this.#state.best) this.#best = requireBest(session, best);
  }

  /**
   * The state of the training after the last event: a copy, fit for JSON. With `tensors()` and the session's parameters
   * and training state it is all that another `fit` with the same data and options needs to continue bit for bit. In
   * one file: `session.checkpoint({ extra: training.state, tensors: training.tensors() })`, and back: `const { extra,
   * tensors } = session.restore(file)`, then `resume: { state: extra, tensors }`.
   */
  get state(): TrainerState {
    return checkedState(this.#state);
  }

  /**
   * Copies of the best parameters (`best.rnn.weight_ih_l0`) and of the carried states (`state.rnn.h_l0`), if there are
   * any. With a world and carried states, all ranks must make this call: each rank has the states of its own rows.
   */
  tensors(): Map<string, TensorCopy> {
    const { world } = this.#options;
    const carried = this.#carried;
    const allRows = world && carried !== "zero" ? world.gather(this.#session, carried) : carried;
    return packTensors(this.#best, allRows);
  }

  /** The next event. */
  override async next(): Promise<IteratorResult<TrainingEvent<M>, void>> {
    const result = await super.next();
    if (!result.done) this.#history.add(result.value);
    return result;
  }

  /** What awaiting gives: the history so far. */
  override get history(): TrainingHistory<M> {
    return this.#history;
  }

  /** Train. */
  protected override async *run(): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { world, seconds = Infinity } = this.#options;
    try {
      this.#begin();
      world?.begin(this.#session, this.#options, this.#state);
      this.#deadline = performance.now() + 1000 * seconds;
      yield* this.#evaluate(false);
      while (!this.#reachedLimit()) yield* this.#trainEpoch();
      yield* this.#evaluate(true);
      const { step, best } = this.#state;
      this.#agree("the end", 0);
      if (this.#best) this.#session.setParameters(this.#best);
      const restored = this.#best !== undefined;
      this.#phase = "over";
      yield { type: "end", step, epoch: this.#lastEpoch, reason: this.#reachedLimit()!, best, restored };
    } catch (error) {
      world?.fail(error);
      throw error;
    }
  }

  /** Take the place of the session's last training, and go on where that one is. */
  #begin(): void {
    if (this.#phase !== "new") return;
    const before = LAST.get(this.#session);
    if (before?.isBusy) throw new OptionError("Cannot fit: a training of this session has a step in progress");
    before?.replace();
    this.#phase = "begun";
    LAST.set(this.#session, this as unknown as Training<Metrics>);
    if (!before || this.#options.resume || before.#state.seed !== this.#state.seed) return;
    const isSameData = before.#data.every((value, i) => Object.is(value, this.#data[i]));
    this.#state = continuedState(before.#state, isSameData);
    if (this.#state.batch) this.#carried = before.#carried;
  }

  /** End a suspended training, because another one takes its place. */
  replace(): void {
    if (this.#phase === "over") return;
    const { step, best } = this.#state;
    this.#phase = "over";
    this.endWith([{ type: "end", step, epoch: this.#lastEpoch, reason: "replaced", best, restored: false }]);
  }

  /** Let the next training of a session go on from a training of another session with the same parameters. */
  static goOn(session: Session, training: Training<Metrics>): void {
    LAST.set(session, training);
  }

  /** The limit that the training has reached, if any. */
  #reachedLimit(): EndEvent["reason"] | undefined {
    // With other ranks, rank 0 decides when time is over.
    const now = this.#options.world ? 0 : performance.now();
    return reachedLimit(this.#state, this.#options) ?? (now >= this.#deadline ? "seconds" : undefined);
  }

  /** The value of rank 0, if there are ranks; checks that all ranks are at the same place. */
  #agree(place: string, value: number): number {
    const { world } = this.#options;
    return world ? world.agree(this.#session, place, this.#state.step, value) : value;
  }

  /** The epoch of the last step. */
  get #lastEpoch(): number {
    const { epoch, batch } = this.#state;
    return batch ? epoch : epoch - 1;
  }

  /** The rest of the current epoch. */
  async *#trainEpoch(): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { accumulate = 1, signal } = this.#options;
    const { epoch, batch: used } = this.#state;
    let part = startAccumulation(this.#session, this.#carried);
    try {
      for await (const batch of this.#source(epoch, used)) {
        if (!part.batches && this.#reachedLimit()) return;
        await turn();
        if (!part.batches) signal?.throwIfAborted();
        this.#accumulate(batch, part);
        if (part.batches < accumulate) continue;
        yield* this.#finishStep(part);
        part = startAccumulation(this.#session, this.#carried);
      }
      if (part.batches) yield* this.#finishStep(part);
    } finally {
      if (part.batches) this.#session.discard();
    }
    if (this.#options.evaluate?.every === undefined) yield* this.#evaluate(true);
    yield this.#endEpoch();
  }

  async *#finishStep(part: Accumulation): AsyncGenerator<TrainingEvent<M>, void, void> {
    const events = this.#update(part);
    part.batches = 0;
    yield* events;
    yield* this.#evaluate(false);
  }

  #accumulate(batch: Batch, part: Accumulation): void {
    const { carry = false, world } = this.#options;
    const session = this.#session;
    const { carried } = part;
    part.total.add(
      world ? world.accumulate(session, batch, carried) : session.accumulate(batch, callOptions(batch, carried)),
    );
    // A copy, so that an evaluation between two steps does not disturb the training.
    if (carry) part.carried = session.states();
    part.batches++;
  }

  #update({ total, batches, carried }: Accumulation): TrainingEvent<M>[] {
    const session = this.#session;
    const { statistics, world } = this.#options;
    const { loss: epochLoss, ...before } = this.#state;
    const step = before.step + 1;
    const { epoch } = before;
    const isTimeUp = world?.allReduce(session, total, performance.now() >= this.#deadline);
    if (isTimeUp) this.#deadline = 0;
    const isDue = statistics !== undefined && step % statistics.every === 0;
    const values = isDue ? readStatistics(session, statistics) : undefined;
    const update = session.update();
    const { loss, count, sum } = total;
    // An update that was left out leaves no number behind that is not finite.
    const isApplied = Number.isFinite(update.gradientNorm);
    if (isApplied) this.#carried = carried;
    this.#state = {
      ...before,
      step,
      batch: before.batch + batches,
      loss: isApplied ? { sum: epochLoss.sum + sum, count: epochLoss.count + count } : epochLoss,
    };
    const events: TrainingEvent<M>[] = [{ type: "step", step, epoch, loss, count, ...update }];
    if (values) events.push({ type: "statistics", step, epoch, ...values });
    return events;
  }

  /**
   * Evaluate if an evaluation is due and there was none since the last step.
   *
   * @param isDue Whether an evaluation is due regardless of the number of steps.
   */
  async *#evaluate(isDue: boolean): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { evaluate, metrics, monitor = "loss", carry, signal } = this.#options;
    const { step, evaluated } = this.#state;
    const isDueNow = isDue || (evaluate?.every !== undefined && step % evaluate.every === 0);
    if (!evaluate || !isDueNow || step === evaluated) return;
    const session = this.#session;
    const options = { metrics, carry, averages: evaluate.averages, signal };
    const measurement = await this.#measure!(options);
    const monitored = monitor === "loss" ? measurement.loss : measurement.metrics[monitor] as number;
    const value = this.#agree("an evaluation", monitored);
    const { best, bad } = this.#state;
    const epoch = this.#lastEpoch;
    session.report(value);
    const isBest = Number.isFinite(value) && (!best || (this.#isLowerBetter ? value < best.value : value > best.value));
    if (isBest && this.#restoresBest) this.#best = evaluate.averages ? session.averages() : session.parameters();
    this.#state = {
      ...this.#state,
      evaluated: step,
      best: isBest ? { value, step, epoch } : best,
      bad: isBest ? 0 : bad + 1,
    };
    yield { type: "evaluation", step, epoch, ...measurement, best: isBest };
  }

  #endEpoch(): TrainingEvent<M> {
    const { step, epoch, loss: epochLoss, start } = this.#state;
    const { loss, count } = new TotalLoss(this.#session.layout.reduction, epochLoss);
    this.#agree("the end of an epoch", loss);
    if (!this.#measure) this.#session.report(loss);
    // If this call found no batch left in its first epoch, the next epoch is its first one.
    const isEmpty = start && step === start.step && epoch === start.epoch;
    const next = { epoch: epoch + 1, batch: 0, loss: { sum: 0, count: 0 } };
    this.#state = { ...this.#state, ...next, ...isEmpty && { start: { step, epoch: epoch + 1 } } };
    this.#carried = "zero";
    return { type: "epoch", step, epoch, loss, count };
  }
}
