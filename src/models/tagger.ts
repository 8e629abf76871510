import { OptionError, requireInteger, ShapeError } from "../errors.ts";
import { readOptions } from "../options.ts";
import type { Measurement } from "../trainer/evaluate.ts";
import type { Samples } from "../training/data/samples.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import type { Loss } from "../training/losses/loss.ts";
import { confusionMatrix } from "../training/metrics/classification.ts";
import { type FitPlan, type LoadModelOptions, TrainableModel } from "./model.ts";
import { type ModelTraining, trainModel } from "./model_training.ts";
import { type Label, Labels } from "./run/labels.ts";
import type { TaskRunOptions } from "./run/sequence_model.ts";
import { requirePairs, SequenceInput, type TaskSequence } from "./run/sequences.ts";
import { SequenceTaggerRunner, TAGGER, type TaggerDescription } from "./run/tagger.ts";
import {
  CLASS_FIT,
  type ClassEvaluation,
  type ClassFitOptions,
  type ClassMetrics,
  type NumberEvaluation,
  type NumberMetrics,
  TAGGER_OPTIONS,
  type TaggerOptions,
  type TaskFitOptions,
} from "./sequence_options.ts";
import {
  CLASS_METRICS,
  describeSequenceModel,
  evaluateSequences,
  NUMBER_METRICS,
  numbersOf,
  planSequences,
  regressionLoss,
  SEQUENCES,
  weightsOfClasses,
} from "./sequence_training.ts";

/** A sequence, and a label, a number or numbers for each of its steps. A step with the tag null does not count. */
export type TaggedSequence = readonly [
  sequence: TaskSequence,
  tags: ArrayLike<Label | null> | ArrayLike<number | ArrayLike<number> | null>,
];

/** What the evaluations of a training measure: the metrics of classes or those of numbers. */
export type TaggerMetrics = Partial<ClassMetrics & NumberMetrics>;

/** The class of a step that does not count. */
const IGNORED = -100;

const SETUP = {
  loss: ({ labels, loss = "squared" }: TaggerDescription): Loss =>
    labels ? crossEntropy({ ignoreIndex: IGNORED }) : regressionLoss(loss),
  size: SEQUENCES,
};

/**
 * Predicts a class, or numbers, for each step of a sequence, the lecture notes' many to many of equal length: is a word
 * part of a name. The net is embedded tokens or values, recurrent layers, by default in both directions, and a dense
 * layer at each step.
 *
 * @example
 * ```ts
 * import { gru, Vocabulary } from "@unroll/rnn";
 * import { SequenceTagger } from "@unroll/rnn/models";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const bears = "Teddy bears are on sale", roosevelt = "Teddy Roosevelt was president";
 * const samples = [[bears, "o o o o o".split(" ")], [roosevelt, "name name o o".split(" ")]] as const;
 * const tokens = Vocabulary.spaced(`${bears} ${roosevelt}`, { special: ["<unk>"] });
 * const model = await SequenceTagger.create({ tokens, labels: ["o", "name"], cell: gru(), hidden: 12 });
 * for await (const event of model.fit(samples, { epochs: 60 })) if (event.type === "step") assert(event.loss > 0);
 * const taggings = await model.predict([bears, roosevelt]);
 * assertEquals(taggings.map(({ labels }) => labels[0]), ["o", "name"]);
 * model.dispose();
 * ```
 */
export class SequenceTagger extends SequenceTaggerRunner {
  readonly #model: TrainableModel<TaggerDescription>;
  readonly #input: SequenceInput;
  readonly #labels: Labels | undefined;

  private constructor(model: TrainableModel<TaggerDescription>) {
    super(model);
    const { labels } = model.description;
    this.#model = model;
    this.#input = new SequenceInput(model.description);
    this.#labels = labels && new Labels(labels);
  }

  /**
   * A new model.
   *
   * @throws {OptionError} When an option is out of range, or not exactly one of `labels` and `outputs` is given.
   */
  static async create(given: TaggerOptions): Promise<SequenceTagger> {
    const options = readOptions("SequenceTagger.create", TAGGER_OPTIONS, given);
    const { labels, outputs } = options;
    if ((labels === undefined) === (outputs === undefined)) {
      throw new OptionError('Either "labels" or "outputs" must be given: a step gets a class or numbers');
    }
    if (labels && options.loss !== undefined) throw new OptionError('"loss" is for a tagger of numbers');
    const head = labels ? { labels: new Labels(labels).names } : { loss: options.loss ?? "squared" };
    const width = head.labels?.length ?? requireInteger("outputs", outputs, 1);
    const { description, embeddings } = describeSequenceModel(
      { bidirectional: true, ...options },
      { outputs: width, pooling: "none" },
    );
    const whole = { ...description, ...head };
    return new SequenceTagger(await TrainableModel.create(TAGGER, whole, SETUP, options, embeddings.weights));
  }

  /**
   * Load what `save` wrote. A cell that is not one of the library's must be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array | ArrayBuffer, options: LoadModelOptions = {}): Promise<SequenceTagger> {
    return new SequenceTagger(await TrainableModel.load(TAGGER, bytes, SETUP, options));
  }

  /**
   * Train the model. The events are those of the trainer: see `fit`. Samples are shuffled, in batches of similar
   * length. Evaluations measure `accuracy` and `f1`, or `meanAbsoluteError` and `meanSquaredError`. Await the
   * training, or iterate its events.
   *
   * @throws {OptionError} When a sequence has no tokens or unknown ones, a label is none of the model's, all labels are
   * the same, or the model is already being trained.
   * @throws {ShapeError} When a sequence does not have as many tags as steps.
   * @throws {NonFiniteError} When the loss or the gradient is not finite. The parameters are then those of the step
   * before.
   */
  fit(
    samples: readonly TaggedSequence[],
    options: TaskFitOptions<TaggedSequence, TaggerMetrics> & ClassFitOptions = {},
  ): ModelTraining<TaggerMetrics> {
    return trainModel(this.#model, () => this.#plan(samples, options));
  }

  #plan(
    samples: readonly TaggedSequence[],
    options: TaskFitOptions<TaggedSequence, TaggerMetrics> & ClassFitOptions,
  ): FitPlan<TaggerMetrics> {
    const { classWeights, validation, ...trainer } = readOptions("SequenceTagger.fit", CLASS_FIT, options);
    const encoded = this.#samples(samples);
    const validationSamples = validation && this.#samples(validation);
    let { weights } = encoded;
    if (this.#labels) {
      const classes = encoded.y.flatMap((tags) => Array.from(tags));
      const ofClass = weightsOfClasses(this.#labels, classes, classWeights);
      weights = ofClass && encoded.y.map((tags) => Array.from(tags, (tag) => ofClass[tag] ?? 0));
    } else if (classWeights) throw new OptionError('"classWeights" are for a tagger with labels');
    const metrics: TaggerMetrics = this.#labels ? CLASS_METRICS : NUMBER_METRICS;
    return planSequences(this.#input, { ...encoded, weights }, validationSamples, metrics, trainer, [samples]);
  }

  /**
   * The loss and the metrics of `fit`; in a tagger with labels also their confusion matrix.
   *
   * @throws {OptionError} When there are no samples, a sequence has no tokens or unknown ones, or a label is none of
   * the model's.
   * @throws {ShapeError} When a sequence does not have as many tags as steps.
   */
  async evaluate(
    samples: readonly TaggedSequence[],
    options: TaskRunOptions = {},
  ): Promise<Partial<ClassEvaluation> & Partial<NumberEvaluation> & Pick<Measurement, "loss" | "count">> {
    const encoded = this.#samples(samples);
    const { loss, count, metrics } = this.#labels
      ? await evaluateSequences(
        this.#model,
        this.#input,
        encoded,
        { ...CLASS_METRICS, confusion: confusionMatrix() },
        options,
      )
      : await evaluateSequences(this.#model, this.#input, encoded, NUMBER_METRICS, options);
    return { loss, count, ...metrics };
  }

  #samples(samples: readonly TaggedSequence[]): Samples & { y: number[][] } {
    requirePairs(samples, "sample", "[sequence, tags]");
    const x = this.#input.encode(samples.map(([sequence]) => sequence));
    samples.forEach(([, tags], i) => {
      const steps = x[i].length / this.#input.columns;
      const got = tags?.length;
      if (got !== steps) {
        throw new ShapeError(`Cannot read sample ${i}: it must have a tag for each of ${steps} steps, got ${got}`);
      }
      if (Array.from<unknown>(tags).every((tag) => tag === null)) {
        throw new OptionError(`Cannot read sample ${i}: it must have at least one tag other than null`);
      }
    });
    const tags = samples.map(([, tags]) => Array.from<Label | ArrayLike<number> | null>(tags));
    const labels = this.#labels;
    if (labels) {
      const classOf = (tag: unknown, i: number) => tag === null ? IGNORED : labels.classOf(tag as Label, i);
      return { x, y: tags.map((row, i) => row.map((tag) => classOf(tag, i))) };
    }
    const { outputs } = this.#model.description;
    const zeros = new Array<number>(outputs).fill(0);
    const numbers = (tag: unknown, i: number) =>
      tag === null ? zeros : Array.from(numbersOf(tag as number | ArrayLike<number>, outputs, i));
    return {
      x,
      y: tags.map((row, i) => row.flatMap((tag) => numbers(tag, i))),
      weights: tags.map((row) => row.map((tag) => tag === null ? 0 : 1)),
    };
  }
}
