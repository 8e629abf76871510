import type { Cell } from "../cells/cell.ts";
import { lstm } from "../cells/lstm.ts";
import { OptionError, requireInteger, requireOneOf } from "../errors.ts";
import { exp } from "../kernels/real.ts";
import { dense } from "../layers/dense.ts";
import { embedding, oneHot } from "../layers/embedding.ts";
import type { Layer } from "../layers/layer.ts";
import { recurrent } from "../layers/recurrent.ts";
import { sequential } from "../layers/sequential.ts";
import { type Streams, streams } from "../text/streams.ts";
import { Vocabulary, type VocabularyJSON } from "../text/vocabulary.ts";
import { clipNorm } from "../training/clip.ts";
import type { Batch } from "../training/data/batch.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { adam } from "../training/optimizers/adam.ts";
import { evaluate } from "./evaluation.ts";
import {
  type Continuation,
  continuations,
  generate,
  type GenerateOptions,
  readable,
  type SearchOptions,
} from "./generation.ts";
import type { Evaluation, FitEvent, FitOptions, LanguageModelOptions } from "./language_model_options.ts";
import { readModel, writeModel } from "./model_file.ts";
import { ModelSession } from "./model_session.ts";
import { embeddingStart, firstValues, frozenNames } from "./embedding_start.ts";
import type { TensorCopy } from "./tensors.ts";
import { fit } from "./trainer.ts";

/** The options of a model, defaults filled in. */
type Settings = Required<Pick<LanguageModelOptions, "cell" | "hidden">> & { readonly embedding?: number };

/** What a file has of a model, beside its cell. */
interface Parts {
  readonly vocabulary: VocabularyJSON;
  readonly hidden: readonly number[];
  readonly embedding?: number;
  readonly frozen?: readonly string[];
}

/** The weight of the embedding. */
const EMBEDDING = "embedding.weight";
/** Of its file. */
const KIND = "language model";
/** Streams and time steps of an evaluation. */
const EVALUATION = { batch: 10, unroll: 50 };
const BITS_PER_NAT = 1.4426950408889634;

/**
 * A recurrent language model: predicts the next token of a text and writes new text. One-hot (or embedded) tokens, a stack of
 * recurrent layers, a dense layer to the vocabulary's logits.
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
export class LanguageModel implements Disposable {
  /** The tokens that the model knows. */
  readonly vocabulary: Vocabulary;
  readonly #options: Settings;
  readonly #session: ModelSession;

  private constructor(vocabulary: Vocabulary, options: Settings, session: ModelSession) {
    this.vocabulary = vocabulary;
    this.#options = options;
    this.#session = session;
  }

  /**
   * A new model whose vocabulary is that of a text, or given. The vocabulary of a text's words has those that occur at
   * least twice, and `<unk>` for the others, which then is trained as well.
   *
   * @throws {OptionError} When the text is empty or an option is out of range.
   */
  static async create(source: string | Vocabulary, options: LanguageModelOptions = {}): Promise<LanguageModel> {
    const vocabulary = vocabularyOf(source, options.tokens), { embedding } = options;
    const start = embedding === undefined ? undefined : embeddingStart(embedding, vocabulary);
    const frozen = frozenNames({ [EMBEDDING]: embedding }), first = firstValues(start ? { [EMBEDDING]: start } : {});
    return await LanguageModel.#make(vocabulary, { ...options, embedding: start?.width, frozen }, first);
  }

  /**
   * A model from what `save` wrote. A cell of one's own has to be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(
    bytes: Uint8Array,
    { cell, numerics }: Pick<LanguageModelOptions, "cell" | "numerics"> = {},
  ): Promise<LanguageModel> {
    const { parts: { vocabulary, ...options }, tensors } = readModel<Parts>(
      KIND,
      bytes,
      ["vocabulary", "hidden"],
      cell,
    );
    const model = await LanguageModel.#make(Vocabulary.fromJSON(vocabulary), { ...options, numerics });
    model.#session.set(tensors);
    return model;
  }

  static async #make(
    vocabulary: Vocabulary,
    given: Omit<LanguageModelOptions, "embedding"> & { embedding?: number; frozen?: readonly string[] },
    first?: ReturnType<typeof firstValues>,
  ): Promise<LanguageModel> {
    const { cell = lstm(), hidden = [128, 128], embedding, seed = 0, numerics = "fast", frozen } = given;
    const options = { cell, hidden, embedding }, net = layers(vocabulary.size, options);
    const sizes = { batch: EVALUATION.batch, steps: EVALUATION.unroll, loss: crossEntropy() };
    const session = await ModelSession.create(net, { ...sizes, seed, numerics, frozen }, first);
    return new LanguageModel(vocabulary, options, session);
  }

  /**
   * Train on a text, a step per event, by truncated back-propagation through time: the text is cut into `batch` parallel streams,
   * and windows of `unroll` steps walk along them with carried states. Breaking out of the loop ends the training.
   *
   * @throws {OptionError} When the text has unknown characters or is too short, or the model is already being trained.
   * @throws {NonFiniteError} When loss or gradient are not finite; the parameters are those of the step before.
   */
  async *fit(
    text: string,
    options: FitOptions = {},
  ): AsyncGenerator<FitEvent, void, void> {
    const { batch = 50, unroll = 50, optimizer = adam({ learningRate: 2e-3 }), clip = clipNorm(5), signal } = options;
    const { steps, epochs = steps === undefined ? 1 : Number.MAX_SAFE_INTEGER } = options;
    requireInteger("epochs", epochs, 1);
    if (steps !== undefined) requireInteger("steps", steps, 1);
    const windows = streams(this.vocabulary.encode(text), { batch, unroll }), limits = { epochs, steps };
    const all = Math.min(steps ?? Infinity, epochs * windows.windows), room = { batch, steps: unroll, optimizer, clip };
    let tokens = 0;
    const events = this.#session.fit(
      room,
      (session) => fit(session, () => batches(windows, batch), { ...limits, carry: true, signal }),
    );
    for await (const event of events) {
      if (event.type !== "step") continue;
      const { step, epoch, loss, count, gradientNorm } = event;
      tokens += count;
      yield { step, steps: all, epoch, tokens, loss, bitsPerToken: loss * BITS_PER_NAT, gradientNorm };
    }
  }

  /**
   * Predict a text, in 10 parallel streams with carried states. Needs at least 11 tokens. `signal` ends it between
   * two windows of 50 steps, with the signal's reason as the error.
   *
   * @throws {OptionError} When the text has unknown characters or is too short.
   */
  async evaluate(text: string, { signal }: { signal?: AbortSignal } = {}): Promise<Evaluation> {
    const windows = streams(this.vocabulary.encode(text), EVALUATION), data = () => batches(windows, EVALUATION.batch);
    const { loss, count: tokens } = await evaluate(this.#session.current, data, { carry: true, signal });
    return {
      loss,
      bitsPerToken: loss * BITS_PER_NAT,
      perplexity: exp(loss),
      tokens,
      ...this.#measured(text, loss, tokens),
    };
  }

  /**
   * Write text, a token per piece: the lecture notes' sampling, "Language model and sequence generation". The same seed
   * gives the same text. `<eos>` ends it; `<unk>`, `<pad>` and `<bos>` are never written.
   *
   * @throws {OptionError} When the prompt has unknown characters or an option is out of range.
   */
  generate(options: GenerateOptions = {}): AsyncGenerator<string, void, void> {
    return generate(() => this.#session.current, this.vocabulary, options);
  }

  /**
   * What `generate` writes as a stream: `new Response(model.generateStream().pipeThrough(new TextEncoderStream()))`. A
   * piece is made when it is read; what `generate` throws, reading throws; cancelling ends it.
   */
  generateStream(options: GenerateOptions = {}): ReadableStream<string> {
    return readable(this.generate(options));
  }

  /**
   * The most probable continuations that a beam search finds, the best first, at most `width`: see `beamSearch`. A
   * training that begins meanwhile ends it.
   *
   * @throws {OptionError} When the prompt has unknown characters or an option is out of range.
   */
  beamSearch(options: SearchOptions = {}): Promise<Continuation[]> {
    return continuations(this.#session.current, this.vocabulary, options);
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    const { cell, hidden, embedding } = this.#options;
    const { parameters, frozen } = this.#session;
    return writeModel(KIND, { cell, vocabulary: this.vocabulary, hidden, embedding, frozen }, parameters);
  }

  /** The net, to be used without the text around it: tokens `[T, B]` in, logits `[T, B, vocabulary]` out. */
  get net(): Layer {
    return this.#session.net;
  }

  /** Copies of all parameters by name, as `setParameters` of a session of the net takes them. */
  parameters(): Map<string, TensorCopy> {
    return this.#session.parameters;
  }

  /** Number of trained numbers. */
  get size(): number {
    return this.#session.size;
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }

  /** What an evaluation says about the text of its tokens 1 to `tokens`, which are those predicted: see `streams`. */
  #measured(
    text: string,
    loss: number,
    tokens: number,
  ): Pick<Evaluation, "characters" | "bitsPerCharacter" | "unknown"> {
    const { vocabulary } = this, unk = vocabulary.id("<unk>");
    const characters = vocabulary.lengths(text).subarray(1, tokens + 1).reduce((sum, length) => sum + length, 0);
    const unknown = vocabulary.encode(text).subarray(1, tokens + 1).filter((id) => id === unk).length;
    return { characters, unknown, bitsPerCharacter: loss * BITS_PER_NAT * (tokens / characters) };
  }
}

function vocabularyOf(source: string | Vocabulary, tokens?: "characters" | "words"): Vocabulary {
  if (typeof source !== "string") {
    if (tokens === undefined) return source;
    throw new OptionError(`"tokens" is for a text: a vocabulary says itself what a token is, got "${tokens}"`);
  }
  return requireOneOf("tokens", tokens ?? "characters", ["characters", "words"]) === "characters"
    ? Vocabulary.characters(source)
    : Vocabulary.words(source, { special: ["<unk>"], minimumCount: 2 });
}

/** The windows as the trainer takes them. */
function* batches(windows: Streams, batch: number): Iterable<Batch> {
  for (const { x, y } of windows) yield { x, y, batch };
}

function layers(V: number, { cell, hidden, embedding: width }: {
  cell: Cell;
  hidden: readonly number[];
  embedding?: number;
}): Layer {
  return sequential({
    embedding: width === undefined ? oneHot(V) : embedding(V, width),
    rnn: recurrent(cell, { input: width ?? V, hidden }),
    decoder: dense(hidden[hidden.length - 1], V),
  });
}
