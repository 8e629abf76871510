import { OptionError, requireInteger, ShapeError } from "../errors.ts";
import type { Samples } from "../training/data/samples.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { accuracy, confusionMatrix, f1 } from "../training/metrics/classification.ts";
import type { Measurement } from "../trainer/evaluate.ts";
import { type Label, Labels } from "./labels.ts";
import { NUMBER_METRICS, numbersOf, regressionLoss } from "./regression_loss.ts";
import { TaskModel } from "./task_model.ts";
import type {
  ClassEvaluation,
  ClassFitOptions,
  ClassMetrics,
  LoadModelOptions,
  NumberEvaluation,
  NumberMetrics,
  RegressionLoss,
  TaggerOptions,
  TaskFitOptions,
  TaskRunOptions,
  TaskSequence,
} from "./task_options.ts";
import type { TrainingEvent } from "../trainer/events.ts";

/** A sequence, and a label, a number or numbers for each of its steps; null: that step does not count. */
export type TaggedSequence = readonly [
  sequence: TaskSequence,
  tags: ArrayLike<Label | null> | ArrayLike<number | ArrayLike<number> | null>,
];

/** What a tagger says of a sequence. */
export interface Tagging {
  /** Of a tagger with labels: the most probable one of each step. Else none. */
  readonly labels: Label[];
  /** For each step the probability of each label, in the order of `labels`; of a tagger of numbers, these. */
  readonly outputs: Float32Array[];
}

const KIND = "sequence tagger";
const CLASS_METRICS: ClassMetrics = { accuracy: accuracy(), f1: f1() };
/** The class of a step that does not count, and the place of its numbers. */
const IGNORED = -100;

/**
 * A class, or numbers, for each step of a sequence, the lecture notes' many to many of equal length: is a word part of a name. Embedded
 * tokens or values, a stack of recurrent layers, by default in both directions, a dense layer at each step.
 *
 * @example
 * ```ts
 * import { gru, Vocabulary } from "@unroll/rnn";
 * import { SequenceTagger } from "@unroll/rnn/models";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const sentences = [["Teddy bears are on sale", "o o o o o"], ["Teddy Roosevelt was president", "name name o o"]] as const;
 * const samples = sentences.map(([text, tags]) => [text, tags.split(" ")] as const);
 * const tokens = Vocabulary.spaced(sentences.map(([text]) => text).join(" "), { special: ["<unk>"] });
 * using model = await SequenceTagger.create({ tokens, labels: ["o", "name"], cell: gru(), hidden: 12 });
 * for await (const event of model.fit(samples, { epochs: 60 })) if (event.type === "step") assert(event.loss > 0);
 * const taggings = await model.predict(["Teddy bears are on sale", "Teddy Roosevelt was president"]);
 * assertEquals(taggings.map(({ labels }) => labels[0]), ["o", "name"]);
 * ```
 */
export class SequenceTagger implements Disposable {
  readonly #model: TaskModel;
  readonly #head: Labels | NumberHead;

  private constructor(model: TaskModel, head: Labels | NumberHead) {
    this.#model = model;
    this.#head = head;
  }

  /**
   * A new model.
   *
   * @throws {OptionError} When an option is out of range, or not exactly one of `labels` and `outputs` is given.
   */
  static async create(options: TaggerOptions): Promise<SequenceTagger> {
    const head = headOf(options), outputs = head instanceof Labels ? head.names.length : head.outputs;
    const all = { bidirectional: true, ...options }, net = { kind: KIND, outputs, pooling: "none" } as const;
    return new SequenceTagger(await TaskModel.create(all, { ...net, loss: lossOf(head) }), head);
  }

  /**
   * A model from what `save` wrote. A cell of one's own has to be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array, options: LoadModelOptions = {}): Promise<SequenceTagger> {
    type More = { labels?: Label[]; outputs: number; loss?: RegressionLoss };
    const head = ({ labels, outputs, loss }: More) => headOf(labels ? { labels } : { outputs, loss });
    const { model, more } = await TaskModel.load<More>(KIND, bytes, [], options, (more) => lossOf(head(more)));
    return new SequenceTagger(model, head(more));
  }

  /** The classes; none of a tagger of numbers. */
  get labels(): readonly Label[] {
    return this.#head instanceof Labels ? this.#head.names : [];
  }

  /**
   * Train by the trainer, whose events these are (see `fit`): shuffled, in batches of about one length. Evaluations measure
   * `accuracy` and `f1`, or `meanAbsoluteError` and `meanSquaredError`. Breaking out of the loop ends the training.
   *
   * @throws {OptionError} When a sequence has no tokens or unknown ones, a label is none of the model's, all are the same, or the
   * model is already being trained.
   * @throws {ShapeError} When a sequence does not have as many tags as steps.
   * @throws {NonFiniteError} When loss or gradient are not finite; the parameters are those of the step before.
   */
  async *fit(
    samples: readonly TaggedSequence[],
    options: TaskFitOptions<TaggedSequence, TaggerMetrics> & ClassFitOptions = {},
  ): AsyncGenerator<TrainingEvent<TaggerMetrics>, void, void> {
    const { classWeights, validation, ...trainer } = options, encoded = this.#samples(samples);
    const held = validation && this.#samples(validation);
    let weights = encoded.weights, metrics: TaggerMetrics = NUMBER_METRICS;
    if (this.#head instanceof Labels) {
      const classes = encoded.y.flatMap((tags) => Array.from(tags)),
        ofClass = this.#head.weights(classes, classWeights);
      weights = ofClass && encoded.y.map((tags) => Array.from(tags, (tag) => ofClass[tag] ?? 0));
      metrics = CLASS_METRICS;
    } else if (classWeights) throw new OptionError('"classWeights" are for a tagger with labels');
    yield* this.#model.fit({ ...encoded, weights }, held, metrics, trainer);
  }

  /**
   * The loss and what `fit` measures; with labels also their confusion matrix.
   *
   * @throws {OptionError} When there are no samples, a sequence has no tokens or unknown ones, or a label is none of the model's.
   * @throws {ShapeError} When a sequence does not have as many tags as steps.
   */
  async evaluate(
    samples: readonly TaggedSequence[],
    options: TaskRunOptions = {},
  ): Promise<Partial<ClassEvaluation> & Partial<NumberEvaluation> & Pick<Measurement, "loss" | "count">> {
    const encoded = this.#samples(samples), classes = { ...CLASS_METRICS, confusion: confusionMatrix() };
    const { loss, count, metrics } = this.#head instanceof Labels
      ? await this.#model.evaluate(encoded, classes, options)
      : await this.#model.evaluate(encoded, NUMBER_METRICS, options);
    return { loss, count, ...metrics };
  }

  /**
   * The tags of each sequence. What it says of one does not depend on the others. A training that begins meanwhile ends it.
   *
   * @throws {OptionError} When a sequence has no tokens, or unknown ones.
   */
  async predict(sequences: readonly TaskSequence[], options: TaskRunOptions = {}): Promise<Tagging[]> {
    const head = this.#head, isLabels = head instanceof Labels, width = isLabels ? head.names.length : head.outputs;
    const found = await this.#model.outputs(this.#model.input.encode(sequences), isLabels, options);
    return found.map((rows) => {
      const outputs = Array.from({ length: rows.length / width }, (_, t) => rows.slice(t * width, (t + 1) * width));
      return { labels: isLabels ? outputs.map((row) => head.mostProbable(row)) : [], outputs };
    });
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    const head = this.#head;
    return this.#model.save(head instanceof Labels ? { labels: head.names } : { loss: head.loss });
  }

  /** Number of trained numbers. */
  get size(): number {
    return this.#model.size;
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#model[Symbol.dispose]();
  }

  #samples(samples: readonly TaggedSequence[]): Samples & { y: number[][] } {
    const x = this.#model.input.encode(samples.map(([sequence]) => sequence)), head = this.#head;
    const { features = 1 } = this.#model.input;
    samples.forEach(([, tags], i) => {
      const steps = x[i].length / features, got = tags?.length;
      if (got !== steps) {
        throw new ShapeError(`Cannot read sample ${i}: it must have a tag for each of ${steps} steps, got ${got}`);
      }
      if (Array.from<unknown>(tags).every((tag) => tag === null)) {
        throw new OptionError(`Cannot read sample ${i}: it must have at least one tag other than null`);
      }
    });
    const tags = samples.map(([, tags]) => Array.from<Label | ArrayLike<number> | null>(tags));
    if (head instanceof Labels) {
      const classOf = (tag: unknown, i: number) => tag === null ? IGNORED : head.classOf(tag as Label, i);
      return { x, y: tags.map((all, i) => all.map((tag) => classOf(tag, i))) };
    }
    const none = new Array<number>(head.outputs).fill(0);
    const numbers = (tag: unknown, i: number) =>
      tag === null ? none : Array.from(numbersOf(tag as number | ArrayLike<number>, head.outputs, i));
    const y = tags.map((all, i) => all.flatMap((tag) => numbers(tag, i)));
    return { x, y, weights: tags.map((all) => all.map((tag) => tag === null ? 0 : 1)) };
  }
}

/** What the evaluations of a training measure: one pair or the other. */
export type TaggerMetrics = Partial<ClassMetrics & NumberMetrics>;

/** Of a tagger of numbers. */
interface NumberHead {
  readonly outputs: number;
  readonly loss: RegressionLoss;
}

function headOf({ labels, outputs, loss }: TaggerOptions): Labels | NumberHead {
  if ((labels === undefined) === (outputs === undefined)) {
    throw new OptionError('Either "labels" or "outputs" must be given: a step gets a class or numbers');
  }
  if (!labels) return { outputs: requireInteger("outputs", outputs, 1), loss: loss ?? "squared" };
  if (loss !== undefined) throw new OptionError('"loss" is for a tagger of numbers');
  return new Labels(labels);
}

function lossOf(head: Labels | NumberHead) {
  return head instanceof Labels ? crossEntropy({ ignoreIndex: IGNORED }) : regressionLoss(head.loss);
}
