import { lstm } from "../cells/lstm.ts";
import { layerSizes } from "../layers/recurrent_options.ts";
import { count, readOptions, refuse, signal, type Table } from "../options.ts";
import { exp } from "../kernels/real.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { EvaluateOptions, Measurement, Metrics } from "../trainer/evaluate.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { EmbeddingStarts } from "./embeddings.ts";
import {
  type Evaluation,
  type FitEvaluation,
  type FitEvent,
  type FitOptions,
  LANGUAGE_MODEL_OPTIONS,
  type LanguageModelOptions,
} from "./language_model_options.ts";
import { batches, BITS_PER_NAT, cut, planText, type StreamedText, textEvents } from "./language_model_training.ts";
import { type LoadModelOptions, TrainableModel } from "./model.ts";
import { ModelTraining } from "./model_training.ts";
import {
  LANGUAGE_MODEL,
  type LanguageModelDescription,
  LanguageModelRunner,
  outputWidth,
} from "./run/language_model.ts";
import { vocabularyOf } from "./vocabulary_of.ts";

/** Time steps of an evaluation's window. */
const WINDOW = 50;
/** Multiply-adds of a window of one stream, about: some milliseconds. */
const LARGE = 2 ** 24;
const EVALUATE = { streams: [count, 1], signal: [signal] } satisfies Table<{ streams?: number; signal?: AbortSignal }>;
const SETUP = { loss: () => crossEntropy(), size: () => ({ batch: 1, steps: 1 }) };

/**
 * A recurrent language model: predicts the next token of a text and writes new text. The net is one-hot or embedded
 * tokens, recurrent layers, and a dense layer to the logits of the vocabulary.
 *
 * @example
 * ```ts
 * import { LanguageModel } from "@unroll/rnn";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const text = "to be or not to be, ".repeat(40);
 * const model = await LanguageModel.create(text, { hidden: [32], seed: 1 });
 * for await (const event of model.fit(text, { batch: 4, unroll: 20, epochs: 20 })) assert(event.gradientNorm > 0);
 * let written = "";
 * for await (const piece of model.generate({ prompt: "to be", length: 15, temperature: 0 })) written += piece;
 * assertEquals(written, " or not to be, ");
 * model.dispose();
 * ```
 */
export class LanguageModel extends LanguageModelRunner {
  readonly #model: TrainableModel<LanguageModelDescription>;

  private constructor(model: TrainableModel<LanguageModelDescription>) {
    super(model);
    this.#model = model;
  }

  /**
   * A new model with a given vocabulary or tokenizer, or the vocabulary of a text. The vocabulary of the words of a
   * text has the words that occur at least twice, and `<unk>` for the others, so that `<unk>` is trained as well.
   *
   * @throws {OptionError} When the text is empty, or an option is out of range.
   */
  static async create(source: string | Tokenizer, given: LanguageModelOptions = {}): Promise<LanguageModel> {
    const options = readOptions("LanguageModel.create", LANGUAGE_MODEL_OPTIONS, given);
    const vocabulary = vocabularyOf(source, options.tokens, textSource);
    const { cell = lstm(), layers, tied, dropout } = options;
    const hidden = layerSizes(options.hidden ?? (layers ? 128 : [128, 128]), layers);
    const { embedding = tied ? outputWidth({ cell, hidden }) : undefined } = options;
    const embeddings = new EmbeddingStarts();
    const width = embedding === undefined ? undefined : embeddings.add("embedding.weight", embedding, vocabulary);
    // The file has the description's values in this order.
    const description = { cell, hidden, embedding: width, tied, dropout, vocabulary, frozen: embeddings.frozen };
    return new LanguageModel(
      await TrainableModel.create(LANGUAGE_MODEL, description, SETUP, options, embeddings.weights),
    );
  }

  /**
   * Load what `save` wrote. A cell that is not one of the library's must be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array | ArrayBuffer, options: LoadModelOptions = {}): Promise<LanguageModel> {
    return new LanguageModel(await TrainableModel.load(LANGUAGE_MODEL, bytes, SETUP, options));
  }

  /**
   * Train on a text by truncated back-propagation through time, one event a step. The text is cut into `batch` parallel
   * streams; windows of `unroll` steps walk along them with carried states. With a `validation` text there are also
   * events of evaluations. Await the training, or iterate its events; nothing starts before. Breaking out of the loop
   * suspends the training: awaiting or iterating goes on; another `fit` ends it.
   *
   * A second `fit` goes on from the first one, if its optimizer has the same settings: moments, schedule, number of
   * steps and epochs, and the place in the text if text, `batch` and `unroll` are the same. Otherwise the optimizer
   * starts anew, and the first event has `restarted`.
   *
   * @throws {OptionError} When the text has unknown characters or is too short, or the model is already being trained.
   * @throws {FormatError} When `resume` is not a checkpoint.
   * @throws {NonFiniteError} When the loss or the gradient is not finite. The parameters are then those of the step
   * before.
   */
  fit(
    text: string,
    options: FitOptions & { validation: string },
  ): ModelTraining<Metrics, FitEvent | FitEvaluation>;
  /** Train without a validation text. */
  fit(text: string, options?: FitOptions & { validation?: undefined }): ModelTraining<Metrics, FitEvent>;
  /** Train with or without a validation text. */
  fit(text: string, options?: FitOptions): ModelTraining<Metrics, FitEvent | FitEvaluation>;
  fit(text: string, options: FitOptions = {}): ModelTraining<Metrics, FitEvent | FitEvaluation> {
    let streamed: StreamedText;
    const plan = () => {
      const planned = planText(this.vocabulary, text, options, (cut, given) => this.#measure(cut, given));
      streamed = planned.text;
      return planned.plan;
    };
    const state = () => this.#model.trainerState!;
    return new ModelTraining(this.#model, plan, (events) => textEvents(events, streamed, options, state));
  }

  /**
   * Evaluate the model on a text of at least 2 tokens: the likelihood of the text as one sequence. With `streams` the
   * text is cut into so many parallel streams, each of which begins with zero states: less exact, and faster. 10
   * streams are what `fit` measures of a validation text, and what this project's figures mean. The states are carried
   * along a stream. `signal` ends the evaluation
   * between two windows of at most 50 steps, with the signal's reason as the error.
   *
   * @throws {OptionError} When the text has unknown characters or is too short.
   */
  async evaluate(text: string, options: { streams?: number; signal?: AbortSignal } = {}): Promise<Evaluation> {
    const { streams, signal } = readOptions("LanguageModel.evaluate", EVALUATE, options);
    const { vocabulary } = this;
    // A single stream of a large net takes long enough in fewer steps.
    const unroll = streams > 1 ? WINDOW : Math.max(1, Math.min(WINDOW, Math.floor(LARGE / this.size)));
    const ids = vocabulary.encode(text);
    const streamed = cut(ids, { batch: streams, unroll }, "evaluate", "streams");
    const { loss, count: tokens } = await this.#measure(streamed, { signal });
    // `streams` predicts the tokens from the second one on; those that do not fill a stream are left out.
    const predicted = <A extends Int32Array>(perToken: A) => perToken.subarray(1, tokens + 1);
    const unk = vocabulary.id("<unk>");
    const characters = predicted(vocabulary.lengths(text)).reduce((sum, length) => sum + length, 0);
    const unknown = predicted(ids).filter((id) => id === unk).length;
    return {
      loss,
      bitsPerToken: loss * BITS_PER_NAT,
      perplexity: exp(loss),
      tokens,
      characters,
      unknown,
      bitsPerCharacter: loss * BITS_PER_NAT * (tokens / characters),
    };
  }

  /** Evaluate a text in streams. */
  #measure(text: StreamedText, { signal }: EvaluateOptions): Promise<Measurement> {
    const size = { batch: text.batch, steps: text.unroll };
    return this.#model.evaluate(() => batches(text), { size, carry: true, signal });
  }

  /**
   * All that an exact continuation of the last training needs, after its last event: parameters, moments, counts,
   * states. `resume` of `fit` takes it, in a model with the same vocabulary and options. The texts and the options of
   * `fit` must be given again.
   *
   * @throws {OptionError} When there was no training.
   *
   * @example
   * ```ts
   * import { LanguageModel } from "@unroll/rnn";
   * import { assertEquals } from "@std/assert";
   *
   * const text = "to be or not to be, ".repeat(40), options = { hidden: [8] }, training = { batch: 4, unroll: 10 };
   * const whole = await LanguageModel.create(text, options);
   * for await (const _ of whole.fit(text, { ...training, epochs: 2 }));
   *
   * const first = await LanguageModel.create(text, options);
   * for await (const { step } of first.fit(text, { ...training, epochs: 2 })) if (step === 7) break;
   * const resume = first.checkpoint();
   * const second = await LanguageModel.create(text, options);
   * for await (const _ of second.fit(text, { ...training, epochs: 2, resume }));
   * assertEquals(second.save(), whole.save());
   * whole.dispose();
   * first.dispose();
   * second.dispose();
   * ```
   */
  checkpoint(): Uint8Array<ArrayBuffer> {
    return this.#model.checkpoint();
  }

  /** Number of threads: as many as the options ask for, where the engine allows them. */
  get threads(): number {
    return this.#model.threads;
  }
}

function textSource(source: unknown): string {
  return typeof source === "string" ? source : refuse("source", "a text or a vocabulary", source);
}
