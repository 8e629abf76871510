import { OptionError } from "../errors.ts";
import type { Batch } from "../training/data/batch.ts";
import { TotalLoss } from "../training/losses/total_loss.ts";
import { type BatchSource, batchSource, evaluationSource, type TrainingData } from "./batches.ts";
import type { States } from "../runtime/packed_batch.ts";
import { callOptions, evaluateSource, type Metrics } from "./evaluate.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import type { Session } from "../session/session.ts";
import { readStatistics } from "./statistics.ts";
import { requireTensors, type TensorCopy } from "../runtime/state_dict.ts";
import { checkOptions, type TrainerOptions } from "./options.ts";
import { checkedState, packTensors, startState, type TrainerState, unpackTensors } from "./state.ts";
import type { EndEvent, TrainingEvent } from "./events.ts";

/** Passes over the data when nothing is said. */
const EPOCHS = 10;

/** Gradients of the batches of one update. */
interface Part {
  readonly total: TotalLoss;
  batches: number;
  carried: States | "zero";
}

/**
 * A training under way, made by `fit`: events to iterate over. Breaking out of the loop stops between two steps;
 * iterating again goes on there.
 */
export class Training<M extends Metrics = Metrics> implements AsyncIterable<TrainingEvent<M>> {
  readonly #session: Session;
  readonly #options: TrainerOptions<M>;
  readonly #source: BatchSource;
  readonly #evaluation: BatchSource | undefined;
  readonly #lower: boolean;
  readonly #restore: boolean;
  #state: TrainerState;
  #carried: States | "zero" = "zero";
  #best: Map<string, TensorCopy> | undefined;
  /** When the time is over, on the clock of `performance`. */
  #deadline = Infinity;

  /** Trainings are made by `fit`. */
  constructor(session: Session, data: TrainingData, options: TrainerOptions<M>) {
    const { evaluate, resume, batch, restoreBest = evaluate !== undefined } = options;
    const seed = options.seed ?? resume?.state.seed ?? 0;
    this.#session = session;
    this.#options = options;
    this.#lower = checkOptions(options) === "lower";
    this.#restore = restoreBest;
    const { longest } = session.layout, ranks = options.world?.size;
    this.#source = batchSource(session, data, { ...options, seed, longest, ranks });
    const rows = ranks && batch ? Math.min(batch, session.batch) : batch;
    this.#evaluation = evaluate && evaluationSource(session, evaluate.data, rows);
    this.#state = resume ? checkedState(resume.state) : startState(seed);
    if (this.#state.seed !== seed) {
      throw new OptionError(`Cannot go on from a training with seed ${this.#state.seed}: "seed" is ${seed}`);
    }
    const { best, carried } = unpackTensors(resume?.tensors ?? new Map());
    this.#carried = carried;
    if (!this.#restore || !this.#state.best) return;
    if (!best) throw new OptionError('Cannot go on from "resume": without the best parameters they cannot be restored');
    const wanted = [...session.parameters()].map(([name, { shape, data }]) => ({ name, shape, size: data.length }));
    requireTensors("best parameter", wanted, best);
    this.#best = best;
  }

  /**
   * Where the training stands after the last event: a copy, fit for JSON. With `tensors()` and the session's parameters
   * and training state it is all that another `fit` with the same data and options needs to go on bit for bit; in one
   * file, `session.checkpoint({ extra: training.state, tensors: training.tensors() })`, and back:
   * `const { extra, tensors } = session.restore(file)`, then `resume: { state: extra, tensors }`.
   */
  get state(): TrainerState {
    return checkedState(this.#state);
  }

  /**
   * Copies of the best parameters (`best.rnn.weight_ih_l0`) and of the carried states (`state.rnn.h_l0`), where there
   * are any. With a world that has states to carry, all ranks have to ask: each has those of its own rows.
   */
  tensors(): Map<string, TensorCopy> {
    const { world } = this.#options, carried = this.#carried;
    const gathered = world && carried !== "zero" ? world.gather(this.#session, carried) : carried;
    return packTensors(this.#best, gathered);
  }

  /** Train. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { world, seconds = Infinity } = this.#options;
    try {
      world?.begin(this.#session, this.#options, this.#state);
      using loop = new EventLoop();
      this.#deadline = performance.now() + 1000 * seconds;
      yield* this.#evaluate(loop, false);
      while (!this.#reason()) yield* this.#pass(loop);
      yield* this.#evaluate(loop, true);
      const { step, best } = this.#state, restored = this.#best !== undefined;
      this.#agree("the end", 0);
      if (this.#best) this.#session.setParameters(this.#best);
      yield { type: "end", step, epoch: this.#epoch(), reason: this.#reason()!, best, restored };
    } catch (error) {
      world?.fail(error);
      throw error;
    }
  }

  /** Which limit has been reached. */
  #reason(): EndEvent["reason"] | undefined {
    const { steps, seconds, patience = Infinity } = this.#options, { step, epoch, bad } = this.#state;
    const { epochs = steps === undefined && seconds === undefined ? EPOCHS : Infinity } = this.#options;
    if (bad > patience) return "patience";
    if (epoch > epochs) return "epochs";
    if (step >= (steps ?? Infinity)) return "steps";
    // With other ranks it is rank 0 that says when time is over.
    return (this.#options.world ? 0 : performance.now()) >= this.#deadline ? "seconds" : undefined;
  }

  /** The value of rank 0, where there are ranks. */
  #agree(what: string, value: number): number {
    const { world } = this.#options;
    return world ? world.agree(this.#session, what, this.#state.step, value) : value;
  }

  /** The epoch of the last step. */
  #epoch(): number {
    const { epoch, batch } = this.#state;
    return batch ? epoch : epoch - 1;
  }

  /** What is left of an epoch. */
  async *#pass(loop: EventLoop): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { accumulate = 1, signal } = this.#options, { epoch, batch: used } = this.#state;
    const start = (): Part => ({
      total: new TotalLoss(this.#session.layout.reduction),
      batches: 0,
      carried: this.#carried,
    });
    let part = start();
    try {
      for await (const batch of this.#source(epoch, used)) {
        if (!part.batches && this.#reason()) return;
        await loop.turn();
        if (!part.batches) signal?.throwIfAborted();
        this.#accumulate(batch, part);
        if (part.batches < accumulate) continue;
        const events = this.#update(part);
        part = start();
        yield* events;
        yield* this.#evaluate(loop, false);
      }
      if (part.batches) {
        const events = this.#update(part);
        part = start();
        yield* events;
      }
    } finally {
      if (part.batches) this.#session.discard();
    }
    if (this.#options.evaluate?.every === undefined) yield* this.#evaluate(loop, true);
    yield this.#closeEpoch();
  }

  #accumulate(batch: Batch, part: Part): void {
    const { carry = false, world } = this.#options, session = this.#session, { carried } = part;
    part.total.add(
      world ? world.accumulate(session, batch, carried) : session.accumulate(batch, callOptions(batch, carried)),
    );
    // A copy, so that evaluating between two steps does not disturb the training.
    if (carry) part.carried = this.#session.states();
    part.batches++;
  }

  #update({ total, batches, carried }: Part): TrainingEvent<M>[] {
    const session = this.#session, { statistics, world } = this.#options, { loss: sums, ...before } = this.#state;
    const step = before.step + 1, { epoch } = before;
    if (world?.allReduce(session, total, performance.now() >= this.#deadline)) this.#deadline = 0;
    const said = statistics && step % statistics.every === 0 ? readStatistics(session, statistics) : undefined;
    const update = session.update(), { loss, count, sum } = total;
    // An update that was left out leaves nothing that is not finite behind.
    const made = Number.isFinite(update.gradientNorm);
    if (made) this.#carried = carried;
    this.#state = {
      ...before,
      step,
      batch: before.batch + batches,
      loss: made ? { sum: sums.sum + sum, count: sums.count + count } : sums,
    };
    const events: TrainingEvent<M>[] = [{ type: "step", step, epoch, loss, count, ...update }];
    if (said) events.push({ type: "statistics", step, epoch, ...said });
    return events;
  }

  /**
   * Evaluate if it is due, and was not done yet after the last step. `whole` says that it is due however few the
   * steps.
   */
  async *#evaluate(loop: EventLoop, whole: boolean): AsyncGenerator<TrainingEvent<M>, void, void> {
    const { evaluate, metrics, monitor = "loss", carry, signal } = this.#options, { step, evaluated } = this.#state;
    const due = whole || (evaluate?.every !== undefined && step % evaluate.every === 0);
    if (!evaluate || !due || step === evaluated) return;
    const session = this.#session, options = { metrics, carry, averages: evaluate.averages, signal };
    const measurement = await evaluateSource(session, this.#evaluation!, options, loop);
    const monitored = monitor === "loss" ? measurement.loss : measurement.metrics[monitor] as number;
    const value = this.#agree("an evaluation", monitored);
    const { best, bad } = this.#state, epoch = this.#epoch();
    const isBest = Number.isFinite(value) && (!best || (this.#lower ? value < best.value : value > best.value));
    if (isBest && this.#restore) this.#best = evaluate.averages ? session.averages() : session.parameters();
    this.#state = {
      ...this.#state,
      evaluated: step,
      best: isBest ? { value, step, epoch } : best,
      bad: isBest ? 0 : bad + 1,
    };
    session.report(value);
    yield { type: "evaluation", step, epoch, ...measurement, best: isBest };
  }

  #closeEpoch(): TrainingEvent<M> {
    const { step, epoch, loss: sums } = this.#state;
    const { loss, count } = new TotalLoss(this.#session.layout.reduction, sums);
    this.#agree("the end of an epoch", loss);
    this.#state = { ...this.#state, epoch: epoch + 1, batch: 0, loss: { sum: 0, count: 0 } };
    this.#carried = "zero";
    if (!this.#evaluation) this.#session.report(loss);
    return { type: "epoch", step, epoch, loss, count };
  }
}

/**
 * Train a session that was compiled with a loss and an optimizer. Nothing happens before the first event is asked
 * for. The event loop has its turn at least every 50 ms, between two steps.
 *
 * Events come in this order: `step` after each update, `statistics` and `evaluation` when they are due, `epoch` when
 * all data was seen, and `end`, which the loop ends after. Parameters and `state` are those after the step until the
 * `end` event, before which the best parameters are put back. The schedule is told every evaluation's monitored
 * value, or without evaluations the training loss of each epoch.
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
