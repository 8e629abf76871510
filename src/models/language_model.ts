import type { Cell } from "../cells/cell.ts";
import { lstm } from "../cells/lstm.ts";
import { OptionError, requireOneOf, requireRate } from "../errors.ts";
import { exp } from "../kernels/real.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
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
import { embeddingStart, firstValues, frozenNames } from "./embedding_start.ts";
import { evaluate } from "../trainer/evaluate.ts";
import {
  type Continuation,
  continuations,
  generate,
  type GenerateOptions,
  readable,
  type SearchOptions,
} from "../decoding/generate.ts";
import type {
  Evaluation,
  FitEvaluation,
  FitEvent,
  FitOptions,
  LanguageModelOptions,
} from "./language_model_options.ts";
import { readModel, writeModel } from "./model_file.ts";
import { ModelSession } from "./model_session.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";
import { textStates } from "../decoding/text_states.ts";
import { fit, type Training } from "../trainer/fit.ts";
import type { TrainerState } from "../trainer/state.ts";

/** The options of a model, defaults filled in. */
type Settings = Required<Pick<LanguageModelOptions, "cell" | "hidden">> & LanguageModelShape;

/** How tokens enter. */
interface LanguageModelShape {
  readonly embedding?: number;
  readonly tied?: boolean;
  readonly dropout?: number;
}

/** What a file has of a model, beside its cell. */
interface Parts extends LanguageModelShape {
  readonly vocabulary: VocabularyJSON;
  readonly hidden: readonly number[];
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
  #training: Training | undefined;

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
    const frozen = frozenNames({ [EMBEDDING]: embedding }), first = firstValues({ [EMBEDDING]: start });
    return await LanguageModel.#make(vocabulary, { ...options, embedding: start?.width, frozen }, first);
  }

  /**
   * A model from what `save` wrote. A cell of one's own has to be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(
    bytes: Uint8Array,
    { cell, ...more }: Pick<LanguageModelOptions, "cell" | "numerics" | "threads"> = {},
  ): Promise<LanguageModel> {
    const { parts: { vocabulary, ...options }, tensors } = readModel<Parts>(
      KIND,
      bytes,
      ["vocabulary", "hidden"],
      cell,
    );
    const model = await LanguageModel.#make(Vocabulary.fromJSON(vocabulary), { ...options, ...more });
    model.#session.set(tensors);
    return model;
  }

  static async #make(
    vocabulary: Vocabulary,
    given: Omit<LanguageModelOptions, "embedding"> & { embedding?: number; frozen?: readonly string[] },
    first?: ReturnType<typeof firstValues>,
  ): Promise<LanguageModel> {
    const { cell = lstm(), hidden = [128, 128], seed = 0, numerics = "fast", threads = 1, dropout = 0, frozen } = given;
    const { tied, embedding = tied ? widthOf(cell, hidden) : undefined } = given;
    if (tied && embedding !== widthOf(cell, hidden)) {
      throw new OptionError(`"embedding" must be ${widthOf(cell, hidden)} to be tied to the decoder, got ${embedding}`);
    }
    const options = { cell, hidden, embedding, tied, dropout }, net = layers(vocabulary.size, options);
    requireRate("dropout", dropout);
    const sizes = { batch: EVALUATION.batch, steps: EVALUATION.unroll, loss: crossEntropy() };
    const session = await ModelSession.create(net, { ...sizes, seed, numerics, threads, frozen }, first);
    return new LanguageModel(vocabulary, options, session);
  }

  /**
   * Train on a text, a step per event, by truncated back-propagation through time: the text is cut into `batch` parallel streams,
   * and windows of `unroll` steps walk along them with carried states. With a `validation` text there are events of its
   * evaluations, too. Breaking out of the loop ends the training; see `checkpoint` for how to go on.
   *
   * @throws {OptionError} When the text has unknown characters or is too short, or the model is already being trained.
   * @throws {FormatError} When `resume` is not a checkpoint.
   * @throws {NonFiniteError} When loss or gradient are not finite; the parameters are those of the step before.
   */
  fit(
    text: string,
    options: FitOptions & { validation: string },
  ): AsyncGenerator<FitEvent | FitEvaluation, void, void>;
  /** The same without a validation text. */
  fit(text: string, options?: FitOptions & { validation?: undefined }): AsyncGenerator<FitEvent, void, void>;
  /** The same where there may be one. */
  fit(text: string, options?: FitOptions): AsyncGenerator<FitEvent | FitEvaluation, void, void>;
  async *fit(text: string, options: FitOptions = {}): AsyncGenerator<FitEvent | FitEvaluation, void, void> {
    const { batch = 50, unroll = 50, optimizer = adam({ learningRate: 2e-3 }), clip = clipNorm(5), resume, ...more } =
      options;
    const { validation, every, ...limits } = more, { steps, seconds } = limits;
    const { epochs = (steps ?? seconds) === undefined ? 1 : undefined } = limits;
    const windows = streams(this.vocabulary.encode(text), { batch, unroll });
    const evaluate = validation === undefined ? undefined : { data: this.#windows(validation), every };
    const all = Math.min(steps ?? Infinity, (epochs ?? Infinity) * windows.windows);
    const { statistics, world } = limits;
    const room = {
      batch: Math.ceil(batch / (world?.size ?? 1)),
      steps: unroll,
      gradientFlow: statistics?.gradientFlow,
    };
    let tokens = 0, last!: FitEvent;
    const events = this.#session.fit({ ...room, optimizer, clip }, (session) => {
      const from = resume && session.restore(resume);
      const goOn = from && { state: from.extra as TrainerState, tensors: from.tensors };
      const trainer = { ...limits, epochs, evaluate, carry: true, resume: goOn };
      const training = this.#training = fit(session, () => batches(windows, batch), trainer), { state } = training;
      tokens = batch * ((state.epoch - 1) * windows.length + Math.min(state.batch * unroll, windows.length));
      return training;
    });
    for await (const event of events) {
      const bitsPerToken = "loss" in event ? event.loss * BITS_PER_NAT : NaN;
      if (event.type === "evaluation") {
        const { metrics: _, ...evaluation } = event;
        yield { ...evaluation, bitsPerToken };
      } else if (event.type === "step") {
        const { type, step, epoch, loss, count, gradientNorm, learningRate } = event;
        tokens += count;
        last = { type, step, steps: all, epoch, tokens, loss, bitsPerToken, gradientNorm, learningRate };
        // Statistics, where they are due, come next.
        if (!statistics || step % statistics.every) yield last;
      } else if (event.type === "statistics") {
        yield { ...last, statistics: event };
      }
    }
  }

  /**
   * Predict a text, in 10 parallel streams with carried states. Needs at least 11 tokens. `signal` ends it between
   * two windows of 50 steps, with the signal's reason as the error.
   *
   * @throws {OptionError} When the text has unknown characters or is too short.
   */
  async evaluate(text: string, { signal }: { signal?: AbortSignal } = {}): Promise<Evaluation> {
    const data = this.#windows(text);
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

  /**
   * All that an exact continuation of the last training needs, after its last event: parameters, moments, counts, states;
   * for `resume` of `fit`, in a model with the same vocabulary and options. A text that the training shall go on with, and the
   * options of `fit`, have to be given again.
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
    const training = this.#training;
    if (!training) throw new OptionError("Cannot write a checkpoint: this model has not been trained");
    return this.#session.current.checkpoint({ extra: training.state, states: {}, tensors: training.tensors() });
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    const { parameters, frozen } = this.#session;
    return writeModel(KIND, { ...this.#options, vocabulary: this.vocabulary, frozen }, parameters);
  }

  /** The net, to be used without the text around it: tokens `[T, B]` in, logits `[T, B, vocabulary]` out. */
  get net(): Layer {
    return this.#session.net;
  }

  /** Copies of all parameters by name, as `setParameters` of a session of the net takes them. */
  parameters(): Map<string, TensorCopy> {
    return this.#session.parameters;
  }

  /**
   * The states after each token of a text, which is read from the beginning: `[T, H]` of each layer by name, `rnn.h_l0`,
   * of an LSTM `rnn.c_l0` as well. A unit is a column: what it says to each token of the text. `signal` ends it between
   * two tokens, with the signal's reason as the error.
   *
   * @throws {OptionError} When the text is empty or has unknown characters.
   *
   * @example
   * ```ts
   * import { LanguageModel } from "@unroll/rnn";
   * import { assertEquals } from "@std/assert";
   *
   * using model = await LanguageModel.create("to be or not to be", { hidden: [32, 16] });
   * const states = await model.states("to be");
   * assertEquals([...states.keys()], ["rnn.h_l0", "rnn.c_l0", "rnn.h_l1", "rnn.c_l1"]);
   * assertEquals(states.get("rnn.h_l1")!.length, 5 * 16);
   * ```
   */
  async states(
    text: string,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return await textStates(() => this.#session.current, this.vocabulary.encode(text), signal);
  }

  /** The recurrent cell of every layer. */
  get cell(): Cell {
    return this.#options.cell;
  }

  /** Hidden size of each layer, bottom to top. */
  get hidden(): readonly number[] {
    return this.#options.hidden;
  }

  /** Threads that compute: as many as `create` was given, where the engine allows them. */
  get threads(): number {
    return this.#session.current.threads;
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

  /** A text as it is evaluated. */
  #windows(text: string): () => Iterable<Batch> {
    const windows = streams(this.vocabulary.encode(text), EVALUATION);
    return () => batches(windows, EVALUATION.batch);
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

/** What the last layer gives. */
function widthOf(cell: Cell, hidden: readonly number[]): number {
  return Object.values(cell.states(hidden[hidden.length - 1]))[0];
}

function layers(V: number, { cell, hidden, embedding: width, tied, dropout: rate }: {
  cell: Cell;
  hidden: readonly number[];
} & LanguageModelShape): Layer {
  // Drawn as the decoder draws it: vectors of length 1 or so would make for logits of the order of the width.
  const ties: Record<string, string> = tied ? { "embedding.weight": "decoder.weight" } : {};
  return sequential({
    embedding: width === undefined ? oneHot(V) : embedding(V, width),
    ...rate && width && { dropout: dropout(width, rate) },
    rnn: recurrent(cell, { input: width ?? V, hidden, dropout: rate }),
    ...rate && { dropout_rnn: dropout(widthOf(cell, hidden), rate) },
    decoder: dense(widthOf(cell, hidden), V),
  }, { tied: ties });
}
