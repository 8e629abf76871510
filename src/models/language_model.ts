import { lstm } from "../cells/lstm.ts";
import { OptionError, requireOneOf } from "../errors.ts";
import { readOptions, requireMade, RUN } from "../options.ts";
import { exp } from "../kernels/real.ts";
import { type Streams, streams } from "../text/streams.ts";
import { Vocabulary } from "../text/vocabulary.ts";
import { clipNorm } from "../training/clip.ts";
import type { Batch } from "../training/data/batch.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { adam } from "../training/optimizers/adam.ts";
import { EmbeddingStarts } from "./embeddings.ts";
import {
  type Evaluation,
  FIT,
  type FitEvaluation,
  type FitEvent,
  type FitOptions,
  LANGUAGE_MODEL_OPTIONS,
  type LanguageModelOptions,
} from "./language_model_options.ts";
import { type LoadModelOptions, TrainableModel } from "./model.ts";
import {
  LANGUAGE_MODEL,
  type LanguageModelDescription,
  LanguageModelRunner,
  outputWidth,
} from "./run/language_model.ts";

/** Streams and time steps of an evaluation. */
const EVALUATION = { batch: 10, unroll: 50 };
const SETUP = { loss: () => crossEntropy(), size: () => ({ batch: EVALUATION.batch, steps: EVALUATION.unroll }) };
const BITS_PER_NAT = 1.4426950408889634;

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
 * using model = await LanguageModel.create(text, { hidden: [32], seed: 1 });
 * for await (const event of model.fit(text, { batch: 4, unroll: 20, epochs: 20 })) assert(event.gradientNorm > 0);
 * let written = "";
 * for await (const piece of model.generate({ prompt: "to be", length: 15, temperature: 0 })) written += piece;
 * assertEquals(written, " or not to be, ");
 * ```
 */
export class LanguageModel extends LanguageModelRunner {
  readonly #model: TrainableModel<LanguageModelDescription>;

  private constructor(model: TrainableModel<LanguageModelDescription>) {
    super(model);
    this.#model = model;
  }

  /**
   * A new model with a given vocabulary, or the vocabulary of a text. The vocabulary of the words of a text has the
   * words that occur at least twice, and `<unk>` for the others, so that `<unk>` is trained as well.
   *
   * @throws {OptionError} When the text is empty, or an option is out of range.
   */
  static async create(source: string | Vocabulary, given: LanguageModelOptions = {}): Promise<LanguageModel> {
    const options = readOptions("LanguageModel.create", LANGUAGE_MODEL_OPTIONS, given);
    const vocabulary = vocabularyOf(source, options.tokens);
    const { cell = lstm(), hidden, tied, dropout } = options;
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
   * events of evaluations. Breaking out of the loop ends the training; see `checkpoint` for how to continue.
   *
   * @throws {OptionError} When the text has unknown characters or is too short, or the model is already being trained.
   * @throws {FormatError} When `resume` is not a checkpoint.
   * @throws {NonFiniteError} When the loss or the gradient is not finite. The parameters are then those of the step
   * before.
   */
  fit(
    text: string,
    options: FitOptions & { validation: string },
  ): AsyncGenerator<FitEvent | FitEvaluation, void, void>;
  /** Train without a validation text. */
  fit(text: string, options?: FitOptions & { validation?: undefined }): AsyncGenerator<FitEvent, void, void>;
  /** Train with or without a validation text. */
  fit(text: string, options?: FitOptions): AsyncGenerator<FitEvent | FitEvaluation, void, void>;
  async *fit(text: string, options: FitOptions = {}): AsyncGenerator<FitEvent | FitEvaluation, void, void> {
    const { batch, unroll, ...given } = readOptions("LanguageModel.fit", FIT, options);
    const { optimizer = adam({ learningRate: 2e-3 }), clip = clipNorm(5), ...more } = given;
    const { validation, every, resume, ...limits } = more;
    const { steps, seconds, statistics, world } = limits;
    const { epochs = (steps ?? seconds) === undefined ? 1 : undefined } = limits;
    const windows = streams(this.vocabulary.encode(text), { batch, unroll });
    const evaluate = validation === undefined ? undefined : { data: this.#evaluationData(validation), every };
    const allSteps = Math.min(steps ?? Infinity, (epochs ?? Infinity) * windows.windows);
    const session = {
      batch: Math.ceil(batch / (world?.size ?? 1)),
      steps: unroll,
      gradientFlow: statistics?.gradientFlow,
      optimizer,
      clip,
    };
    const trainer = { ...limits, epochs, evaluate, carry: true };
    let last!: FitEvent;
    for await (const event of this.#model.fit(session, () => () => batches(windows, batch), trainer, resume)) {
      const bitsPerToken = "loss" in event ? event.loss * BITS_PER_NAT : NaN;
      if (event.type === "evaluation") {
        const { metrics: _, ...evaluation } = event;
        yield { ...evaluation, bitsPerToken };
      } else if (event.type === "step") {
        const { type, step, epoch, loss, gradientNorm, learningRate } = event;
        const used = this.#model.trainerState!.batch;
        const tokens = batch * ((epoch - 1) * windows.length + Math.min(used * unroll, windows.length));
        last = { type, step, steps: allSteps, epoch, tokens, loss, bitsPerToken, gradientNorm, learningRate };
        // When statistics are due, the next event has them.
        if (!statistics || step % statistics.every) yield last;
      } else if (event.type === "statistics") {
        yield { ...last, statistics: event };
      }
    }
  }

  /**
   * Evaluate the model on a text of at least 11 tokens, in 10 parallel streams with carried states. `signal` ends the
   * evaluation between two windows of 50 steps, with the signal's reason as the error.
   *
   * @throws {OptionError} When the text has unknown characters or is too short.
   */
  async evaluate(text: string, options: { signal?: AbortSignal } = {}): Promise<Evaluation> {
    const { signal } = readOptions("LanguageModel.evaluate", RUN, options);
    const { loss, count: tokens } = await this.#model.evaluate(this.#evaluationData(text), { carry: true, signal });
    // `streams` predicts the tokens from the second one on; those that do not fill a stream are left out.
    const predicted = <A extends Int32Array>(perToken: A) => perToken.subarray(1, tokens + 1);
    const { vocabulary } = this;
    const unk = vocabulary.id("<unk>");
    const characters = predicted(vocabulary.lengths(text)).reduce((sum, length) => sum + length, 0);
    const unknown = predicted(vocabulary.encode(text)).filter((id) => id === unk).length;
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
   * using whole = await LanguageModel.create(text, options);
   * for await (const _ of whole.fit(text, { ...training, epochs: 2 }));
   *
   * using first = await LanguageModel.create(text, options);
   * for await (const { step } of first.fit(text, { ...training, epochs: 2 })) if (step === 7) break;
   * const resume = first.checkpoint();
   * using second = await LanguageModel.create(text, options);
   * for await (const _ of second.fit(text, { ...training, epochs: 2, resume }));
   * assertEquals(second.save(), whole.save());
   * ```
   */
  checkpoint(): Uint8Array<ArrayBuffer> {
    return this.#model.checkpoint();
  }

  /** Number of threads: as many as the options ask for, where the engine allows them. */
  get threads(): number {
    return this.#model.compiled.current.threads;
  }

  #evaluationData(text: string): () => Iterable<Batch> {
    const windows = streams(this.vocabulary.encode(text), EVALUATION);
    return () => batches(windows, EVALUATION.batch);
  }
}

function vocabularyOf(source: string | Vocabulary, tokens?: "characters" | "words"): Vocabulary {
  if (typeof source !== "string") {
    requireMade("source", source, "encode", "a text or a vocabulary");
    if (tokens === undefined) return source;
    throw new OptionError(`"tokens" is for a text: a vocabulary says itself what a token is, got "${tokens}"`);
  }
  return requireOneOf("tokens", tokens ?? "characters", ["characters", "words"]) === "characters"
    ? Vocabulary.characters(source)
    : Vocabulary.words(source, { special: ["<unk>"], minimumCount: 2 });
}

/** The windows of the streams as batches of the trainer. */
function* batches(windows: Streams, batch: number): Iterable<Batch> {
  for (const { x, y } of windows) yield { x, y, batch };
}
