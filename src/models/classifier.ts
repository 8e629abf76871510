import { readOptions } from "../options.ts";
import type { Samples } from "../training/data/samples.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { confusionMatrix } from "../training/metrics/classification.ts";
import { type FitPlan, type LoadModelOptions, TrainableModel } from "./model.ts";
import { type ModelTraining, trainModel } from "./model_training.ts";
import { CLASSIFIER, type ClassifierDescription, SequenceClassifierRunner } from "./run/classifier.ts";
import { type Label, Labels } from "./run/labels.ts";
import type { TaskRunOptions } from "./run/sequence_model.ts";
import { requirePairs, SequenceInput, type TaskSequence } from "./run/sequences.ts";
import {
  CLASS_FIT,
  type ClassEvaluation,
  type ClassFitOptions,
  CLASSIFIER_OPTIONS,
  type ClassifierOptions,
  type ClassMetrics,
  type TaskFitOptions,
} from "./sequence_options.ts";
import {
  CLASS_METRICS,
  describeSequenceModel,
  evaluateSequences,
  planSequences,
  SEQUENCES,
  weightsOfClasses,
} from "./sequence_training.ts";

/** A sequence and its class. */
export type LabelledSequence = readonly [sequence: TaskSequence, label: Label];

const SETUP = { loss: () => crossEntropy(), size: SEQUENCES };

/**
 * Classifies sequences, the lecture notes' many to one: is a mail spam, which language is a name from. The net is
 * embedded tokens or values, recurrent layers, pooling of their outputs to one row, and a dense layer to the logits of
 * the classes.
 *
 * Sequences have any length: the model compiles a larger session for a sequence that is longer than all before.
 *
 * @example
 * ```ts
 * import { adam, gru, Vocabulary } from "@unroll/rnn";
 * import { SequenceClassifier } from "@unroll/rnn/models";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const spam = ["buy now, cheap", "cheap watches"].map((text) => [text, "spam"] as const);
 * const ham = ["see you at lunch", "lunch is cold"].map((text) => [text, "ham"] as const);
 * const mails = [...spam, ...ham];
 * const tokens = Vocabulary.folded(mails.map(([text]) => text).join("\n"), { special: ["<unk>"] });
 * const net = { cell: gru(), hidden: 16, pooling: "max" } as const;
 * const model = await SequenceClassifier.create({ tokens, labels: ["ham", "spam"], ...net });
 * const optimizer = adam({ learningRate: 0.02 });
 * for await (const event of model.fit(mails, { epochs: 40, optimizer })) {
 *   if (event.type === "step") assert(event.loss > 0);
 * }
 * const [{ label, probabilities }] = await model.predict(["a cheap lunch, buy now"]);
 * assertEquals(label, "spam");
 * assert(probabilities[1] > 0.5);
 * assertEquals((await model.evaluate(mails)).confusion, [[2, 0], [0, 2]]);
 * model.dispose();
 * ```
 */
export class SequenceClassifier extends SequenceClassifierRunner {
  readonly #model: TrainableModel<ClassifierDescription>;
  readonly #input: SequenceInput;
  readonly #labels: Labels;

  private constructor(model: TrainableModel<ClassifierDescription>) {
    super(model);
    this.#model = model;
    this.#input = new SequenceInput(model.description);
    this.#labels = new Labels(model.description.labels);
  }

  /**
   * A new model.
   *
   * @throws {OptionError} When an option is out of range.
   */
  static async create(given: ClassifierOptions): Promise<SequenceClassifier> {
    const options = readOptions("SequenceClassifier.create", CLASSIFIER_OPTIONS, given);
    const { names } = new Labels(options.labels);
    const net = { outputs: names.length, pooling: options.pooling };
    const { description, embeddings } = describeSequenceModel(options, net);
    const whole = { ...description, labels: names };
    return new SequenceClassifier(
      await TrainableModel.create(CLASSIFIER, whole, SETUP, options, embeddings.weights),
    );
  }

  /**
   * Load what `save` wrote. A cell that is not one of the library's must be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array | ArrayBuffer, options: LoadModelOptions = {}): Promise<SequenceClassifier> {
    return new SequenceClassifier(await TrainableModel.load(CLASSIFIER, bytes, SETUP, options));
  }

  /**
   * Train the model. The events are those of the trainer: see `fit`. Samples are shuffled, in batches of similar
   * length. Evaluations measure `accuracy` and `f1`. Await the training, or iterate its events: see `fit` of the
   * trainer.
   *
   * @throws {OptionError} When a sequence has no tokens or unknown ones, a label is none of the model's, all labels are
   * the same, or the model is already being trained.
   * @throws {NonFiniteError} When the loss or the gradient is not finite. The parameters are then those of the step
   * before.
   */
  fit(
    samples: readonly LabelledSequence[],
    options: TaskFitOptions<LabelledSequence, ClassMetrics> & ClassFitOptions = {},
  ): ModelTraining<ClassMetrics> {
    return trainModel(this.#model, () => this.#plan(samples, options));
  }

  #plan(
    samples: readonly LabelledSequence[],
    options: TaskFitOptions<LabelledSequence, ClassMetrics> & ClassFitOptions,
  ): FitPlan<ClassMetrics> {
    const { classWeights, validation, ...trainer } = readOptions("SequenceClassifier.fit", CLASS_FIT, options);
    const { x, y } = this.#samples(samples);
    const weights = weightsOfClasses(this.#labels, y, classWeights);
    const weighted = { x, y, weights: weights && y.map((label) => weights[label]) };
    const validationSamples = validation && this.#samples(validation);
    return planSequences(this.#input, weighted, validationSamples, CLASS_METRICS, trainer, [samples]);
  }

  /**
   * Loss, accuracy, F1 and confusion matrix.
   *
   * @throws {OptionError} When there are no samples, a sequence has no tokens or unknown ones, or a label is none of
   * the model's.
   */
  async evaluate(samples: readonly LabelledSequence[], options: TaskRunOptions = {}): Promise<ClassEvaluation> {
    const all = { ...CLASS_METRICS, confusion: confusionMatrix() };
    const encoded = this.#samples(samples);
    const { loss, count, metrics } = await evaluateSequences(this.#model, this.#input, encoded, all, options);
    return { loss, count, ...metrics };
  }

  #samples(samples: readonly LabelledSequence[]): Samples & { y: number[] } {
    requirePairs(samples, "sample", "[sequence, label]");
    return {
      x: this.#input.encode(samples.map(([sequence]) => sequence)),
      y: samples.map(([, label], i) => this.#labels.classOf(label, i)),
    };
  }
}
