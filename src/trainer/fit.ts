import { OptionError } from "../errors.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import type { States } from "../runtime/packed_batch.ts";
import { requireTensors, type TensorCopy } from "../runtime/state_dict.ts";
import type { Session } from "../session/session.ts";
import type { Batch } from "../training/data/batch.ts";
import { TotalLoss } from "../training/losses/total_loss.ts";
import { type BatchSource, batchSource, evaluationSource, type TrainingData } from "./batches.ts";
import { callOptions, evaluateSource, type Metrics } from "./evaluate.ts";
import type { EndEvent, TrainingEvent } from "./events.ts";
import { checkOptions, type TrainerOptions } from "./options.ts";
import { checkedState, packTensors, startState, type TrainerState, unpackTensors } from "./state.ts";
import { readStatistics } from "./statistics.ts";

/** Epochs, when no limit is given. */
const DEFAULT_EPOCHS = 10;

/** The batches of one update so far: their loss, their number, and the states after the last of them. */
interface Accumulation {
  readonly total: TotalLoss;
  batches: number;
  carried: States | "zero";
}

/**
 * A training, made by `fit`: an async iterable of events. Breaking out of the loop stops the training between two
 * steps; iterating again continues it.
 */
export class Training<M extends Metrics = Metrics> implements AsyncIterable<TrainingEvent<M>> {
  readonly #session: Session;
  readonly #options: TrainerOptions<M>;
  readonly #source: BatchSource;
  readonly #evaluationSource: BatchSource | undefined;
  readonly #isLowerBetter: boolean;
  readonly #restoresBest: boolean;
  #state: TrainerState;
  /** The states that the next batch starts from. */
  #carried: States | "zero" = "zero";
  /** The parameters of the best evaluation so far. */
  #best: Map<string, TensorCopy> | undefined;
  /** The end of the time limit, on the clock of `performance`. */
  #deadline = Infinity;

  /** `fit` makes trainings. */
  constructor(session: Session, data: TrainingData, options: TrainerOptions<M>) {
    this.#isLowerBetter = checkOptions(options) === "lower";
    const { evaluate, resume, batch, restoreBest = evaluate !== undefined } = options;
    const seed = options.seed ?? resume?.state.seed ?? 0;
    this.#session = session;
    this.#options = options;
    this.#restoresBest = restoreBest;
    const { longest } = session.layout;
    const ranks = options.world?.size;
    this.#source = batchSource(session, data, { ...options, seed, longest, ranks });
    const evaluationBatch = ranks && batch ? Math.min(batch, session.batch) : batch;
    this.#evaluationSource = evaluate && evaluationSource(session, evaluate.data, evaluationBatch);
    this.#state = resume ? checkedState(resume.state) : startState(seed);
    if (this.#state.seed !== seed) {
      throw new OptionError(`Cannot go on from a training with seed ${this.#state.seed}: "seed" is ${seed}`);
    }
    const { best, carried } = unpackTensors(resume?.tensors ?? new Map());
    this.#carried = carried;
    if (!this.#restoresBest || !this.#state.best) return;
    if (!best) throw new OptionError('Cannot go on from "resume": without the best parameters they cannot be restored');
    const places = [...session.parameters()].map(([name, { shape, data }]) => ({ name, shape, size: data.length }));
    requireTensors("best parameter", places, best);
    this.#best = best;
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

  /** Train. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { world, seconds = Infinity } = this.#options;
    try {
      world?.begin(this.#session, this.#options, this.#state);
      const loop = new EventLoop();
      this.#deadline = performance.now() + 1000 * seconds;
      yield* this.#evaluate(loop, false);
      while (!this.#reachedLimit()) yield* this.#trainEpoch(loop);
      yield* this.#evaluate(loop, true);
      const { step, best } = this.#state;
      this.#agree("the end", 0);
      if (this.#best) this.#session.setParameters(this.#best);
      const restored = this.#best !== undefined;
      yield { type: "end", step, epoch: this.#lastEpoch, reason: this.#reachedLimit()!, best, restored };
    } catch (error) {
      world?.fail(error);
      throw error;
    }
  }

  /** The limit that the training has reached, if any. */
  #reachedLimit(): EndEvent["reason"] | undefined {
    const { steps, seconds, patience = Infinity } = this.#options;
    const { step, epoch, bad } = this.#state;
    const { epochs = steps === undefined && seconds === undefined ? DEFAULT_EPOCHS : Infinity } = this.#options;
    if (bad > patience) return "patience";
    if (epoch > epochs) return "epochs";
    if (step >= (steps ?? Infinity)) return "steps";
    // With other ranks, rank 0 decides when time is over.
    const now = this.#options.world ? 0 : performance.now();
    return now >= this.#deadline ? "seconds" : undefined;
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
  async *#trainEpoch(loop: EventLoop): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { accumulate = 1, signal } = this.#options;
    const { epoch, batch: used } = this.#state;
    let part = this.#startAccumulation();
    try {
      for await (const batch of this.#source(epoch, used)) {
        if (!part.batches && this.#reachedLimit()) return;
        await loop.turn();
        if (!part.batches) signal?.throwIfAborted();
        this.#accumulate(batch, part);
        if (part.batches < accumulate) continue;
        const events = this.#update(part);
        part = this.#startAccumulation();
        yield* events;
        yield* this.#evaluate(loop, false);
      }
      if (part.batches) {
        const events = this.#update(part);
        part = this.#startAccumulation();
        yield* events;
        yield* this.#evaluate(loop, false);
      }
    } finally {
      if (part.batches) this.#session.discard();
    }
    if (this.#options.evaluate?.every === undefined) yield* this.#evaluate(loop, true);
    yield this.#endEpoch();
  }

  #startAccumulation(): Accumulation {
    return { total: new TotalLoss(this.#session.layout.reduction), batches: 0, carried: this.#carried };
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
  async *#evaluate(loop: EventLoop, isDue: boolean): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { evaluate, metrics, monitor = "loss", carry, signal } = this.#options;
    const { step, evaluated } = this.#state;
    const isDueNow = isDue || (evaluate?.every !== undefined && step % evaluate.every === 0);
    if (!evaluate || !isDueNow || step === evaluated) return;
    const session = this.#session;
    const options = { metrics, carry, averages: evaluate.averages, signal };
    const measurement = await evaluateSource(session, this.#evaluationSource!, options, loop);
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
    const { step, epoch, loss: epochLoss } = this.#state;
    const { loss, count } = new TotalLoss(this.#session.layout.reduction, epochLoss);
    this.#agree("the end of an epoch", loss);
    if (!this.#evaluationSource) this.#session.report(loss);
    this.#state = { ...this.#state, epoch: epoch + 1, batch: 0, loss: { sum: 0, count: 0 } };
    this.#carried = "zero";
    return { type: "epoch", step, epoch, loss, count };
  }
}

/**
 * Train a session that was compiled with a loss and an optimizer. `fit` is lazy: training starts with the first event.
 * It yields to the event loop at least every 50 ms, between two steps.
 *
 * The order of events: `step` after each update, `statistics` and `evaluation` when they are due, `epoch` at the end of
 * each epoch, and `end` as the last event. Until the `end` event the parameters and `state` are those after the step.
 * Before the `end` event the best parameters are restored. The schedule gets the monitored value of every evaluation,
 * or without evaluations the training loss of each epoch.
 *
 * @throws {OptionError} When an option is out of range or needs another one.
 * @throws {ShapeError} When samples are not what the session takes.
 *
 * @example Sequences of different lengths, one class each
 * ```ts
 * import { accuracy, adam, compile, crossEntropy, dense, fit, gru, recurrent, sequential } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * // Does a sequence end higher than it began?
 * const sequence = (i: number) => Array.from({ length: 2 + i % 7 }, (_, t) => (i * 13 + t * t * 7) % 11 / 11);
 * const x = Array.from({ length: 60 }, (_, i) => sequence(i));
 * const y = x.map((sequence) => sequence.at(-1)! > sequence[0] ? 1 : 0);
 * const net = sequential({ rnn: recurrent(gru(), { input: 1, hidden: 16, output: "last" }), decoder: dense(16, 2) });
 * const learning = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }) };
 * using session = await compile(net, { batch: 8, steps: 8, ...learning });
 * const data = { x: x.slice(0, 48), y: y.slice(0, 48) }, evaluate = { data: { x: x.slice(48), y: y.slice(48) } };
 * for await (const event of fit(session, data, { epochs: 40, evaluate, metrics: { accuracy: accuracy() } })) {
 *   if (event.type === "evaluation") assert(event.metrics.accuracy <= 1);
 *   if (event.type === "end") assert(event.best!.value < 0.5);
 * }
 * ```
 */
export function fit<M extends Metrics = Record<never, never>>(
  session: Session,
  data: TrainingData,
  options: TrainerOptions<M> = {},
): Training<M> {
  return new Training(session, data, options);
}
