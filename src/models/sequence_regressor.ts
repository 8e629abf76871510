import { requireInteger } from "../errors.ts";
import type { Samples } from "../training/data/samples.ts";
import { NUMBER_METRICS, numbersOf, regressionLoss } from "./regression_loss.ts";
import { TaskModel } from "./task_model.ts";
import { requirePooling } from "./task_net.ts";
import type {
  LoadModelOptions,
  NumberEvaluation,
  NumberMetrics,
  RegressionLoss,
  RegressorOptions,
  TaskFitOptions,
  TaskRunOptions,
  TaskSequence,
} from "./task_options.ts";
import type { TrainingEvent } from "../trainer/events.ts";

/** A sequence and its number, or numbers. */
export type MeasuredSequence = readonly [sequence: TaskSequence, target: number | ArrayLike<number>];

const KIND = "sequence regressor";

/**
 * Sequences into numbers, many to one: tomorrow's value after those of the last weeks. The net of `SequenceClassifier`, whose outputs
 * are numbers. Targets are best of about mean 0 and deviation 1, as values are.
 *
 * @example
 * ```ts
 * import { SequenceRegressor } from "@unroll/rnn/models";
 * import { assert } from "@std/assert";
 *
 * const waves = Array.from({ length: 40 }, (_, i) => Array.from({ length: 9 }, (_, t) => Math.sin(i + t)));
 * const samples = waves.map((wave) => [wave.slice(0, 8), wave[8]] as const);
 * using model = await SequenceRegressor.create({ features: 1, hidden: 16 });
 * for await (const event of model.fit(samples, { epochs: 60 })) if (event.type === "step") assert(event.loss >= 0);
 * const { meanAbsoluteError } = await model.evaluate(samples), [[next]] = await model.predict([waves[0].slice(0, 8)]);
 * assert(meanAbsoluteError < 0.2 && Math.abs(next - waves[0][8]) < 0.6);
 * ```
 */
export class SequenceRegressor implements Disposable {
  /** Numbers that a sequence gives. */
  readonly outputs: number;
  readonly #model: TaskModel;
  readonly #loss: RegressionLoss;

  private constructor(model: TaskModel, outputs: number, loss: RegressionLoss) {
    this.#model = model;
    this.outputs = outputs;
    this.#loss = loss;
  }

  /**
   * A new model.
   *
   * @throws {OptionError} When an option is out of range.
   */
  static async create(options: RegressorOptions): Promise<SequenceRegressor> {
    const { outputs = 1, loss = "squared", pooling = "last" } = options;
    requireInteger("outputs", outputs, 1);
    const model = await TaskModel.create(options, {
      kind: KIND,
      outputs,
      pooling: requirePooling(pooling),
      loss: regressionLoss(loss),
    });
    return new SequenceRegressor(model, outputs, loss);
  }

  /**
   * A model from what `save` wrote. A cell of one's own has to be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array, options: LoadModelOptions = {}): Promise<SequenceRegressor> {
    type More = { outputs: number; loss: RegressionLoss };
    const lossOf = ({ loss }: More) => regressionLoss(loss);
    const { model, more } = await TaskModel.load<More>(KIND, bytes, ["loss"], options, lossOf);
    return new SequenceRegressor(model, more.outputs, more.loss);
  }

  /**
   * Train by the trainer, whose events these are (see `fit`): shuffled, in batches of about one length. Evaluations measure
   * `meanAbsoluteError` and `meanSquaredError`. Breaking out of the loop ends the training.
   *
   * @throws {OptionError} When a sequence is empty, a number is not finite, or the model is already being trained.
   * @throws {NonFiniteError} When loss or gradient are not finite; the parameters are those of the step before.
   */
  async *fit(
    samples: readonly MeasuredSequence[],
    options: TaskFitOptions<MeasuredSequence, NumberMetrics> = {},
  ): AsyncGenerator<TrainingEvent<NumberMetrics>, void, void> {
    const { validation, ...trainer } = options;
    yield* this.#model.fit(
      this.#samples(samples),
      validation && this.#samples(validation),
      NUMBER_METRICS,
      trainer,
    );
  }

  /**
   * The loss and the mean errors.
   *
   * @throws {OptionError} When there are no samples, a sequence is empty, or a number is not finite.
   */
  async evaluate(samples: readonly MeasuredSequence[], options: TaskRunOptions = {}): Promise<NumberEvaluation> {
    const { loss, count, metrics } = await this.#model.evaluate(this.#samples(samples), NUMBER_METRICS, options);
    return { loss, count, ...metrics };
  }

  /**
   * The numbers of each sequence, `[outputs]`. What it says of one does not depend on the others. A training that begins meanwhile
   * ends it.
   *
   * @throws {OptionError} When a sequence is empty, or a number is not finite.
   */
  async predict(sequences: readonly TaskSequence[], options: TaskRunOptions = {}): Promise<Float32Array[]> {
    return await this.#model.outputs(this.#model.input.encode(sequences), false, options);
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    return this.#model.save({ loss: this.#loss });
  }

  /** Number of trained numbers. */
  get size(): number {
    return this.#model.size;
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#model[Symbol.dispose]();
  }

  #samples(samples: readonly MeasuredSequence[]): Samples {
    return {
      x: this.#model.input.encode(samples.map(([sequence]) => sequence)),
      y: samples.map(([, target], i) => numbersOf(target, this.outputs, i)),
    };
  }
}
