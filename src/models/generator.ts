import { lstm } from "../cells/lstm.ts";
import { list as requireList, readOptions, RUN } from "../options.ts";
import { layerSizes } from "../layers/recurrent_options.ts";
import { exp } from "../kernels/real.ts";
import { countCharacters, rulesOf } from "../text/tokens.ts";
import { isTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { type TextKind, vocabularyOf } from "./vocabulary_of.ts";
import type { Metrics } from "../trainer/evaluate.ts";
import type { Samples } from "../training/data/samples.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { EmbeddingStarts } from "./embeddings.ts";
import {
  type ConditionedText,
  FIT,
  GENERATOR_OPTIONS,
  type SequenceGeneratorEvaluation,
  type SequenceGeneratorFitOptions,
  type SequenceGeneratorOptions,
} from "./generator_options.ts";
import { type FitPlan, type LoadModelOptions, TrainableModel } from "./model.ts";
import { type ModelTraining, trainModel } from "./model_training.ts";
import { GENERATOR, type GeneratorDescription, SequenceGeneratorRunner } from "./run/generator.ts";
import { GeneratorCodec } from "./run/generator_codec.ts";

const BITS_PER_NAT = 1.4426950408889634;

/** Sessions are for 32 sequences of any length that the model takes, and their ends. */
const SETUP = {
  loss: () => crossEntropy(),
  size: ({ vector, longest }: GeneratorDescription) =>
    vector ? { batch: 32, steps: 1, decoderSteps: longest + 1 } : { batch: 32, steps: longest + 1 },
};

/**
 * Writes separate short texts, each with a beginning and an end: names, tunes, titles. The lecture notes' "one to
 * many". A text may have a condition: a label, which is the first token in the place of `<bos>`; numbers v, from which
 * a dense layer makes the initial states, tanh(W v + b) (as from the image in Karpathy & Fei-Fei 2015); or both. The
 * net is an embedding, recurrent layers, and a dense layer to the logits of the tokens and `<eos>`.
 *
 * Texts train in padded batches of similar length; padding does not count. For one long text see `LanguageModel`.
 *
 * @example
 * ```ts
 * import { adam } from "@unroll/rnn";
 * import { SequenceGenerator } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const texts = [{ text: "meow", label: "cat" }, { text: "woof woof", label: "dog" }];
 * const model = await SequenceGenerator.create(texts, { labels: ["cat", "dog"], hidden: [24], seed: 1 });
 * for await (const _ of model.fit(texts, { epochs: 120, optimizer: adam({ learningRate: 0.02 }) }));
 * let text = "";
 * for await (const piece of model.generate({ label: "dog", temperature: 0 })) text += piece;
 * assertEquals(text, "woof woof");
 * model.dispose();
 * ```
 */
export class SequenceGenerator extends SequenceGeneratorRunner {
  readonly #model: TrainableModel<GeneratorDescription>;
  readonly #codec: GeneratorCodec;

  private constructor(model: TrainableModel<GeneratorDescription>) {
    super(model);
    this.#model = model;
    this.#codec = new GeneratorCodec(model.description);
  }

  /**
   * A new model with a given vocabulary or tokenizer, or the vocabulary of texts. The vocabulary of words or spaced
   * tokens has the tokens that occur at least twice, and `<unk>` for the others.
   *
   * @throws {OptionError} When there is no text, or an option is out of range.
   */
  static async create(
    source: readonly (string | ConditionedText)[] | Tokenizer,
    given: SequenceGeneratorOptions = {},
  ): Promise<SequenceGenerator> {
    const options = readOptions("SequenceGenerator.create", GENERATOR_OPTIONS, given);
    const { cell = lstm(), embedding, dropout, labels, vector } = options;
    const vocabulary = vocabularyOf(source, options.tokens, wholeText);
    const { longest = isTokenizer(source) ? 100 : longestOf(source, vocabulary) } = options;
    const embeddings = new EmbeddingStarts();
    const weight = vector === undefined ? "embedding.weight" : "decoder.embedding.weight";
    const width = embeddings.add(weight, embedding, vocabulary);
    // The file has the description's values in this order.
    const condition = { vocabulary, labels, vector: vector ?? 0, longest };
    const hidden = layerSizes(options.hidden, options.layers);
    const description = { cell, hidden, embedding: width, dropout, ...condition, frozen: embeddings.frozen };
    return new SequenceGenerator(
      await TrainableModel.create(GENERATOR, description, SETUP, options, embeddings.weights),
    );
  }

  /**
   * Load what `save` wrote. A cell that is not one of the library's must be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array | ArrayBuffer, options: LoadModelOptions = {}): Promise<SequenceGenerator> {
    return new SequenceGenerator(await TrainableModel.load(GENERATOR, bytes, SETUP, options));
  }

  /**
   * Train the model. The events are those of the trainer: see `fit`. Texts are shuffled, in batches of similar length.
   * The loss is the mean over the tokens and the ends. Await the training, or iterate its events; see `checkpoint`
   * for how to continue in another process.
   *
   * @throws {OptionError} When a text is too long or has unknown tokens, a label is none of the model's, or the model
   * is already being trained.
   * @throws {ShapeError} When a vector does not have the model's length.
   * @throws {FormatError} When `resume` is not a checkpoint.
   * @throws {NonFiniteError} When the loss or the gradient is not finite. The parameters are then those of the step
   * before.
   */
  fit(
    texts: readonly (string | ConditionedText)[],
    options: SequenceGeneratorFitOptions = {},
  ): ModelTraining<Metrics> {
    return trainModel(this.#model, () => this.#plan(texts, options));
  }

  #plan(
    texts: readonly (string | ConditionedText)[],
    options: SequenceGeneratorFitOptions,
  ): FitPlan<Metrics> {
    const read = readOptions("SequenceGenerator.fit", FIT, options);
    const { batch, optimizer, clip, resume, validation, every, ...trainer } = read;
    const { samples } = this.#encode(texts);
    const evaluate = validation && { data: this.#encode(validation).samples, every };
    return {
      session: { batch, optimizer, clip },
      data: () => samples,
      identity: [texts],
      trainer: { ...trainer, batch, evaluate },
      resume,
    };
  }

  /**
   * Evaluate the prediction of texts, each token from the condition and the tokens before it.
   *
   * @throws {OptionError} When a text is too long or has unknown tokens, or a label is none of the model's.
   * @throws {ShapeError} When a vector does not have the model's length.
   */
  async evaluate(
    texts: readonly (string | ConditionedText)[],
    options: { signal?: AbortSignal } = {},
  ): Promise<SequenceGeneratorEvaluation> {
    const { signal } = readOptions("SequenceGenerator.evaluate", RUN, options);
    const { samples, characters } = this.#encode(texts);
    const { loss, count: tokens } = await this.#model.evaluate(samples, { signal });
    const bitsPerCharacter = loss * BITS_PER_NAT * tokens / characters;
    return { loss, perplexity: exp(loss), tokens, characters, bitsPerCharacter };
  }

  /**
   * All that an exact continuation of the last training needs, after its last event. `resume` of `fit` takes it, in a
   * model with the same vocabulary and options.
   *
   * @throws {OptionError} When there was no training.
   */
  checkpoint(): Uint8Array<ArrayBuffer> {
    return this.#model.checkpoint();
  }

  /** Texts as samples of the trainer, and the number of their characters. */
  #encode(texts: readonly (string | ConditionedText)[]): { samples: Samples; characters: number } {
    const codec = this.#codec;
    const vectors: Float32Array[] = [];
    const inputs: Int32Array[] = [];
    const y: Int32Array[] = [];
    let count = 0;
    requireList("texts", texts).forEach((element, i) => {
      const { text, ...condition } = typeof element === "string" ? { text: element } : element;
      const where = `sequence ${i}`;
      const { first, vector } = codec.encodeCondition(condition, where);
      const ids = codec.encode(text, where);
      vectors.push(vector);
      inputs.push(Int32Array.of(first, ...ids));
      y.push(Int32Array.of(...ids, codec.end));
      for (const part of typeof text === "string" ? [text] : text) count += countCharacters(part);
    });
    return { samples: codec.vector ? { x: vectors, decoderInput: inputs, y } : { x: inputs, y }, characters: count };
  }
}

/** All texts as one. A vocabulary has a line break only if one of the texts has it. */
function wholeText(source: readonly (string | ConditionedText)[], kind: TextKind): string {
  const texts = requireList("source", source).map((element) => {
    const text = textOf(element);
    return typeof text === "string" ? text : text.map(rulesOf(kind === "words" ? "words2" : kind).writer()).join("");
  });
  if (kind === "characters") return texts.join("");
  const hasLineBreak = texts.some((text) => text.includes("\n"));
  return texts.join(kind === "words" && !hasLineBreak ? " " : "\n\n");
}

function longestOf(texts: readonly (string | ConditionedText)[], vocabulary: Vocabulary): number {
  const lengths = texts.map((element) => vocabulary.encode(textOf(element)).length);
  return lengths.reduce((longest, length) => Math.max(longest, length), 1);
}

function textOf(element: string | ConditionedText): string | readonly string[] {
  return typeof element === "string" ? element : element.text;
}
