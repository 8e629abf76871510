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
import { Vocabulary } from "../text/vocabulary.ts";
import { clipNorm } from "../training/clip.ts";
import type { Batch } from "../training/data/batch.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { adam } from "../training/optimizers/adam.ts";
import { compile } from "./compile.ts";
import { evaluate } from "./evaluation.ts";
import {
  type Continuation,
  continuations,
  generate,
  type GenerateOptions,
  readable,
  type SearchOptions,
} from "./generation.ts";
import { readModel, writeModel } from "./language_model_file.ts";
import type { Evaluation, FitEvent, FitOptions, LanguageModelOptions } from "./language_model_options.ts";
import type { PlanOptions } from "./plan.ts";
import type { Session } from "./session.ts";
import type { TensorCopy } from "./tensors.ts";
import { textStates } from "./text_states.ts";
import { fit } from "./trainer.ts";

/** The options of a model, defaults filled in. */
type Settings = Required<Omit<LanguageModelOptions, "embedding" | "tokens">> & { embedding?: number };

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
  #session: Session;
  #fitting = false;

  private constructor(vocabulary: Vocabulary, options: Settings, session: Session) {
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
    return await LanguageModel.#make(vocabularyOf(source, options.tokens), options);
  }

  /**
   * A model from what `save` wrote. A cell of one's own has to be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(
    bytes: Uint8Array,
    { cell, numerics, threads }: Pick<LanguageModelOptions, "cell" | "numerics" | "threads"> = {},
  ): Promise<LanguageModel> {
    const { vocabulary, tensors, ...options } = readModel(bytes, cell);
    const model = await LanguageModel.#make(vocabulary, { ...options, numerics, threads });
    model.#session.setParameters(tensors);
    return model;
  }

  static async #make(vocabulary: Vocabulary, given: LanguageModelOptions): Promise<LanguageModel> {
    const { cell = lstm(), hidden = [128, 128], seed = 0, numerics = "fast", threads = 1 } = given;
    requireInteger("threads", threads, 1, 64);
    const options = { cell, hidden, seed, numerics, threads, embedding: given.embedding };
    const net = layers(vocabulary.size, options);
    const session = await compile(net, { ...plan(), loss: crossEntropy(), seed, numerics });
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
    const { batch = 50, unroll = 50, optimizer = adam({ learningRate: 2e-3 }), clip = clipNorm(5) } = options;
    const { signal, statistics, world } = options;
    const { steps, epochs = steps === undefined ? 1 : Number.MAX_SAFE_INTEGER } = options;
    requireInteger("epochs", epochs, 1);
    if (steps !== undefined) requireInteger("steps", steps, 1);
    if (this.#fitting) throw new OptionError("Cannot fit: this model is already being trained");
    const windows = streams(this.vocabulary.encode(text), { batch, unroll });
    this.#fitting = true;
    try {
      const gradientFlow = statistics?.gradientFlow, rows = Math.ceil(batch / (world?.size ?? 1));
      const session = await this.#train({ ...plan(rows, unroll), optimizer, clip, gradientFlow });
      const all = Math.min(steps ?? Infinity, epochs * windows.windows);
      const limits = { epochs, steps, carry: true, statistics, world, signal };
      let tokens = 0, last!: FitEvent;
      for await (const event of fit(session, () => batches(windows, batch), limits)) {
        if (event.type === "step") {
          const { step, epoch, loss, count, gradientNorm, learningRate } = event;
          tokens += count;
          const said = { loss, bitsPerToken: loss * BITS_PER_NAT, gradientNorm, learningRate };
          last = { step, steps: all, epoch, tokens, ...said };
          // Statistics, where they are due, come next.
          if (!statistics || step % statistics.every) yield last;
        } else if (event.type === "statistics") {
          yield { ...last, statistics: event };
        }
      }
    } finally {
      this.#fitting = false;
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
    const { loss, count: tokens } = await evaluate(this.#session, data, { carry: true, signal });
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
    return generate(() => this.#session, this.vocabulary, options);
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
    return continuations(this.#session, this.vocabulary, options);
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    const { cell, hidden, embedding } = this.#options;
    return writeModel({ vocabulary: this.vocabulary, cell, hidden, embedding, tensors: this.parameters() });
  }

  /** The net, to be used without the text around it: tokens `[T, B]` in, logits `[T, B, vocabulary]` out. */
  get net(): Layer {
    return layers(this.vocabulary.size, this.#options);
  }

  /** Copies of all parameters by name, as `setParameters` of a session of the net takes them. */
  parameters(): Map<string, TensorCopy> {
    return this.#session.parameters();
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
    return await textStates(() => this.#session, this.vocabulary.encode(text), signal);
  }

  /** The recurrent cell of every layer. */
  get cell(): Cell {
    return this.#options.cell;
  }

  /** Hidden size of each layer, bottom to top. */
  get hidden(): readonly number[] {
    return this.#options.hidden;
  }

  /** Threads that compute: one before the first `fit`, from then on as many as `create` was given and the engine allows. */
  get threads(): number {
    return this.#session.threads;
  }

  /** Number of trained numbers. */
  get size(): number {
    let size = 0;
    for (const { data } of this.parameters().values()) size += data.length;
    return size;
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

  /** Move the parameters to a session that can train. */
  async #train(training: PlanOptions): Promise<Session> {
    const { seed, numerics, threads } = this.#options;
    const session = await compile(this.net, { ...training, loss: crossEntropy(), seed, numerics, threads });
    session.setParameters(this.parameters());
    this.#session[Symbol.dispose]();
    return this.#session = session;
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

/** Room for training windows and for evaluation: the one overlaps the other. */
function plan(batch = 1, unroll = 1): { batch: number; steps: number } {
  return { batch: Math.max(batch, EVALUATION.batch), steps: Math.max(unroll, EVALUATION.unroll) };
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
