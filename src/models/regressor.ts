import { readOptions } from "../options.ts";
import type { Samples } from "../training/data/samples.ts";
import { type FitPlan, type LoadModelOptions, TrainableModel } from "./model.ts";
import { type ModelTraining, trainModel } from "./model_training.ts";
import { REGRESSOR, type RegressorDescription, SequenceRegressorRunner } from "./run/regressor.ts";
import type { TaskRunOptions } from "./run/sequence_model.ts";
import { requirePairs, SequenceInput, type TaskSequence } from "./run/sequences.ts";
import {
  FIT,
  type NumberEvaluation,
  type NumberMetrics,
  REGRESSOR_OPTIONS,
  type RegressorOptions,
  type TaskFitOptions,
} from "./sequence_options.ts";
import {
  describeSequenceModel,
  evaluateSequences,
  NUMBER_METRICS,
  numbersOf,
  planSequences,
  regressionLoss,
  SEQUENCES,
} from "./sequence_training.ts";

/** A sequence and its number, or numbers. */
export type MeasuredSequence = readonly [sequence: TaskSequence, target: number | ArrayLike<number>];

const SETUP = { loss: ({ loss }: RegressorDescription) => regressionLoss(loss), size: SEQUENCES };

/**
 * Predicts numbers from sequences, many to one: tomorrow's value from the values of the last weeks. The net is that of
 * `SequenceClassifier` with numbers as its outputs. Targets of mean 0 and deviation 1 train best, as values do.
 *
 * @example
 * ```ts
 * import { SequenceRegressor } from "@unroll/rnn/models";
 * import { assert } from "@std/assert";
 *
 * const waves = Array.from({ length: 40 }, (_, i) => Array.from({ length: 9 }, (_, t) => Math.sin(i + t)));
 * const samples = waves.map((wave) => [wave.slice(0, 8), wave[8]] as const);
 * const model = await SequenceRegressor.create({ features: 1, hidden: 16 });
 * for await (const event of model.fit(samples, { epochs: 60 })) if (event.type === "step") assert(event.loss >= 0);
 * const { meanAbsoluteError } = await model.evaluate(samples), [[next]] = await model.predict([waves[0].slice(0, 8)]);
 * assert(meanAbsoluteError < 0.2 && Math.abs(next - waves[0][8]) < 0.6);
 * model.dispose();
 * ```
 */
export class SequenceRegressor extends SequenceRegressorRunner {
  readonly #model: TrainableModel<RegressorDescription>;
  readonly #input: SequenceInput;

  private constructor(model: TrainableModel<RegressorDescription>) {
    super(model);
    this.#model = model;
    this.#input = new SequenceInput(model.description);
  }

  /**
   * A new model.
   *
   * @throws {OptionError} When an option is out of range.
   */
  static async create(given: RegressorOptions): Promise<SequenceRegressor> {
    const options = readOptions("SequenceRegressor.create", REGRESSOR_OPTIONS, given);
    const { outputs, loss, pooling } = options;
    const net = { outputs, pooling };
    const { description, embeddings } = describeSequenceModel(options, net);
    const whole = { ...description, loss };
    return new SequenceRegressor(
      await TrainableModel.create(REGRESSOR, whole, SETUP, options, embeddings.weights),
    );
  }

  /**
   * Load what `save` wrote. A cell that is not one of the library's must be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array | ArrayBuffer, options: LoadModelOptions = {}): Promise<SequenceRegressor> {
    return new SequenceRegressor(await TrainableModel.load(REGRESSOR, bytes, SETUP, options));
  }

  /**
   * Train the model. The events are those of the trainer: see `fit`. Samples are shuffled, in batches of similar
   * length. Evaluations measure `meanAbsoluteError` and `meanSquaredError`. Await the training, or iterate its events:
   * see `fit` of the trainer.
   *
   * @throws {OptionError} When a sequence is empty, a number is not finite, or the model is already being trained.
   * @throws {NonFiniteError} When the loss or the gradient is not finite. The parameters are then those of the step
   * before.
   */
  fit(
    samples: readonly MeasuredSequence[],
    options: TaskFitOptions<MeasuredSequence, NumberMetrics> = {},
  ): ModelTraining<NumberMetrics> {
    return trainModel(this.#model, () => this.#plan(samples, options));
  }

  #plan(
    samples: readonly MeasuredSequence[],
    options: TaskFitOptions<MeasuredSequence, NumberMetrics>,
  ): FitPlan<NumberMetrics> {
    const { validation, ...trainer } = readOptions("SequenceRegressor.fit", FIT, options);
    const encoded = this.#samples(samples);
    const validationSamples = validation && this.#samples(validation);
    return planSequences(this.#input, encoded, validationSamples, NUMBER_METRICS, trainer, [samples]);
  }

  /**
   * The loss and the mean errors.
   *
   * @throws {OptionError} When there are no samples, a sequence is empty, or a number is not finite.
   */
  async evaluate(samples: readonly MeasuredSequence[], options: TaskRunOptions = {}): Promise<NumberEvaluation> {
    const encoded = this.#samples(samples);
    const { loss, count, metrics } = await evaluateSequences(
      this.#model,
      this.#input,
      encoded,
      NUMBER_METRICS,
      options,
    );
    return { loss, count, ...metrics };
  }

  #samples(samples: readonly MeasuredSequence[]): Samples {
    requirePairs(samples, "sample", "[sequence, target]");
    return {
      x: this.#input.encode(samples.map(([sequence]) => sequence)),
      y: samples.map(([, target], i) => numbersOf(target, this.outputs, i)),
    };
  }
}
