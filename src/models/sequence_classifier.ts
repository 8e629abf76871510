import type { Samples } from "../training/data/samples.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { accuracy, confusionMatrix, f1 } from "../training/metrics/classification.ts";
import { type Label, Labels } from "./labels.ts";
import { TaskModel } from "./task_model.ts";
import { requirePooling } from "./task_net.ts";
import type {
  ClassEvaluation,
  ClassFitOptions,
  ClassifierOptions,
  ClassMetrics,
  LoadModelOptions,
  TaskFitOptions,
  TaskRunOptions,
  TaskSequence,
} from "./task_options.ts";
import type { TrainingEvent } from "../trainer/events.ts";

/** A sequence and its class. */
export type LabelledSequence = readonly [sequence: TaskSequence, label: Label];

/** What a classifier says of a sequence. */
export interface Classification {
  /** The most probable label. */
  readonly label: Label;
  /** The probability of each label, in the order of `labels`. */
  readonly probabilities: Float32Array;
}

const KIND = "sequence classifier";
/** What evaluations during a training measure. */
const METRICS: ClassMetrics = { accuracy: accuracy(), f1: f1() };

/**
 * Sequences into classes, the lecture notes' many to one: is a mail spam, of which language is a name. Embedded tokens or values, a
 * stack of recurrent layers, one row of their outputs by pooling, a dense layer to the classes' logits.
 *
 * Sequences of any length are taken: where they are longer than all before, the model gets more memory by itself.
 *
 * @example
 * ```ts
 * import { adam, gru, Vocabulary } from "@unroll/rnn";
 * import { SequenceClassifier } from "@unroll/rnn/models";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const mails = [["buy now, cheap", "spam"], ["see you at lunch", "ham"], ["cheap watches", "spam"], ["lunch is cold", "ham"]] as const;
 * const tokens = Vocabulary.words(mails.map(([text]) => text).join("\n"), { special: ["<unk>"] });
 * using model = await SequenceClassifier.create({ tokens, labels: ["ham", "spam"], cell: gru(), hidden: 16, pooling: "max" });
 * const optimizer = adam({ learningRate: 0.02 });
 * for await (const event of model.fit(mails, { epochs: 40, optimizer })) if (event.type === "step") assert(event.loss > 0);
 * const [{ label, probabilities }] = await model.predict(["a cheap lunch, buy now"]);
 * assertEquals(label, "spam");
 * assert(probabilities[1] > 0.5);
 * assertEquals((await model.evaluate(mails)).confusion, [[2, 0], [0, 2]]);
 * ```
 */
export class SequenceClassifier implements Disposable {
  readonly #model: TaskModel;
  readonly #labels: Labels;

  private constructor(model: TaskModel, labels: Labels) {
    this.#model = model;
    this.#labels = labels;
  }

  /**
   * A new model.
   *
   * @throws {OptionError} When an option is out of range.
   */
  static async create(options: ClassifierOptions): Promise<SequenceClassifier> {
    const labels = new Labels(options.labels ?? []), { pooling = "last" } = options;
    const head = { kind: KIND, outputs: labels.names.length, pooling: requirePooling(pooling), loss: crossEntropy() };
    return new SequenceClassifier(await TaskModel.create(options, head), labels);
  }

  /**
   * A model from what `save` wrote. A cell of one's own has to be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array, options: LoadModelOptions = {}): Promise<SequenceClassifier> {
    const loaded = await TaskModel.load<{ labels: Label[] }>(KIND, bytes, ["labels"], options, () => crossEntropy());
    return new SequenceClassifier(loaded.model, new Labels(loaded.more.labels));
  }

  /** The classes. */
  get labels(): readonly Label[] {
    return this.#labels.names;
  }

  /**
   * Train by the trainer, whose events these are (see `fit`): shuffled, in batches of about one length. Evaluations measure
   * `accuracy` and `f1`. Breaking out of the loop ends the training.
   *
   * @throws {OptionError} When a sequence has no tokens or unknown ones, a label is none of the model's, all are the same, or the
   * model is already being trained.
   * @throws {NonFiniteError} When loss or gradient are not finite; the parameters are those of the step before.
   */
  async *fit(
    samples: readonly LabelledSequence[],
    options: TaskFitOptions<LabelledSequence, ClassMetrics> & ClassFitOptions = {},
  ): AsyncGenerator<TrainingEvent<ClassMetrics>, void, void> {
    const { classWeights, validation, ...trainer } = options, { x, y } = this.#samples(samples);
    const weights = this.#labels.weights(y, classWeights);
    const weighted = { x, y, weights: weights && y.map((label) => weights[label]) };
    yield* this.#model.fit(weighted, validation && this.#samples(validation), METRICS, trainer);
  }

  /**
   * Loss, accuracy, F1 and confusion matrix.
   *
   * @throws {OptionError} When there are no samples, a sequence has no tokens or unknown ones, or a label is none of the model's.
   */
  async evaluate(samples: readonly LabelledSequence[], options: TaskRunOptions = {}): Promise<ClassEvaluation> {
    const measured = { ...METRICS, confusion: confusionMatrix() };
    const { loss, count, metrics } = await this.#model.evaluate(this.#samples(samples), measured, options);
    return { loss, count, ...metrics };
  }

  /**
   * The label of each sequence. What it says of one does not depend on the others. A training that begins meanwhile ends it.
   *
   * @throws {OptionError} When a sequence has no tokens, or unknown ones.
   */
  async predict(sequences: readonly TaskSequence[], options: TaskRunOptions = {}): Promise<Classification[]> {
    const found = await this.#model.outputs(this.#model.input.encode(sequences), true, options);
    return found.map((probabilities) => ({ label: this.#labels.mostProbable(probabilities), probabilities }));
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    return this.#model.save({ labels: this.labels });
  }

  /** Number of trained numbers. */
  get size(): number {
    return this.#model.size;
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#model[Symbol.dispose]();
  }

  #samples(samples: readonly LabelledSequence[]): Samples & { y: number[] } {
    return {
      x: this.#model.input.encode(samples.map(([sequence]) => sequence)),
      y: samples.map(([, label], i) => this.#labels.classOf(label, i)),
    };
  }
}
