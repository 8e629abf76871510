import type { Cell } from "../cells/cell.ts";
import { lstm } from "../cells/lstm.ts";
import { OptionError, requireInteger, requireOneOf, requireRate } from "../errors.ts";
import { exp } from "../kernels/real.ts";
import { conditioning } from "../layers/conditioning.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import { embedding } from "../layers/embedding.ts";
import { encoderDecoder } from "../layers/encoder_decoder.ts";
import type { Layer } from "../layers/layer.ts";
import { recurrent } from "../layers/recurrent.ts";
import { sequential } from "../layers/sequential.ts";
import { Generator } from "../random/generator.ts";
import { mostProbable, sample, truncate } from "../text/sampling.ts";
import { Vocabulary, type VocabularyJSON } from "../text/vocabulary.ts";
import { clipNorm } from "../training/clip.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { logSoftmax } from "../training/log_softmax.ts";
import { adam } from "../training/optimizers/adam.ts";
import type { CompileOptions } from "../session/compile.ts";
import { decode } from "../runtime/decoder.ts";
import { embeddingStart, firstValues, frozenNames } from "./embedding_start.ts";
import { evaluate } from "../trainer/evaluate.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import { readModel, writeModel } from "./model_file.ts";
import { ModelSession } from "./model_session.ts";
import type {
  ConditionedText,
  SequenceGenerateOptions,
  SequenceGeneratorEvaluation,
  SequenceGeneratorFitOptions,
  SequenceGeneratorOptions,
} from "./sequence_generator_options.ts";
import { SequenceTokens } from "./sequence_generator_tokens.ts";
import { fit, type Training } from "../trainer/fit.ts";
import type { TrainerState } from "../trainer/state.ts";
import type { TrainingEvent } from "../trainer/events.ts";

/** Rows of a session that does not train. */
const ROWS = 32;
const BITS_PER_NAT = 1.4426950408889634;

/** What a generator's net is made of. */
interface SequenceGeneratorShape {
  readonly cell: Cell;
  readonly hidden: readonly number[];
  readonly embedding: number;
  readonly dropout: number;
}

/** What a file has of a generator, beside its cell. */
interface Parts extends Omit<SequenceGeneratorShape, "cell"> {
  readonly vocabulary: VocabularyJSON;
  readonly labels: readonly string[];
  readonly vector: number;
  readonly longest: number;
  readonly frozen?: readonly string[];
}

/** Of its file. */
const KIND = "sequence generator";
/** The parts that there must be. */
const REQUIRED = ["vocabulary", "labels", "vector", "longest", "hidden", "embedding", "dropout"] as const;

/**
 * A model of separate short texts, each with a beginning and an end: names, tunes, titles. It learns to write more of them:
 * the lecture notes' "one to many". What each is about may be given: a label, which enters as the first token, in the
 * place of `<bos>`; numbers, from which the first states come by a dense layer, tanh(W v + b) (as the image in Karpathy &
 * Fei-Fei 2015); or both. Embedding, recurrent layers, and a dense layer to the logits of the tokens and `<eos>`.
 *
 * Texts train in padded batches of about one length, padding does not count. For one long text see `LanguageModel`.
 *
 * @example
 * ```ts
 * import { adam } from "@unroll/rnn";
 * import { SequenceGenerator } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const texts = [{ text: "meow", label: "cat" }, { text: "woof woof", label: "dog" }];
 * using model = await SequenceGenerator.create(texts, { labels: ["cat", "dog"], hidden: [24], seed: 1 });
 * for await (const _ of model.fit(texts, { epochs: 120, optimizer: adam({ learningRate: 0.02 }) }));
 * let said = "";
 * for await (const piece of model.generate({ label: "dog", temperature: 0 })) said += piece;
 * assertEquals(said, "woof woof");
 * ```
 */
export class SequenceGenerator implements Disposable {
  readonly #tokens: SequenceTokens;
  readonly #shape: SequenceGeneratorShape;
  readonly #session: ModelSession;
  #training: Training | undefined;

  private constructor(tokens: SequenceTokens, shape: SequenceGeneratorShape, session: ModelSession) {
    this.#tokens = tokens;
    this.#shape = shape;
    this.#session = session;
  }

  /**
   * A new model whose vocabulary is that of texts, or given. The vocabulary of words or spaced tokens has those that occur at
   * least twice, and `<unk>` for the others.
   *
   * @throws {OptionError} When there is no text, or an option is out of range.
   */
  static async create(
    source: readonly (string | ConditionedText)[] | Vocabulary,
    options: SequenceGeneratorOptions = {},
  ): Promise<SequenceGenerator> {
    const { cell = lstm(), hidden = [128], embedding = 32, dropout = 0, labels = [], vector, seed = 0 } = options;
    const { numerics = "fast", threads = 1 } = options, vocabulary = vocabularyOf(source, options.tokens);
    const { longest = source instanceof Vocabulary ? 100 : longestOf(source, vocabulary) } = options;
    requireInteger("longest", longest, 1);
    requireRate("dropout", dropout);
    if (vector !== undefined) requireInteger("vector", vector, 1);
    const start = embeddingStart(embedding, vocabulary), shape = { cell, hidden, embedding: start.width, dropout };
    const weight = vector === undefined ? "embedding.weight" : "decoder.embedding.weight";
    return await SequenceGenerator.#make(
      new SequenceTokens(vocabulary, labels, vector ?? 0, longest),
      shape,
      { seed, numerics, threads, frozen: frozenNames({ [weight]: embedding }) },
      firstValues({ [weight]: start }),
    );
  }

  /**
   * A model from what `save` wrote. A cell of one's own has to be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(
    bytes: Uint8Array,
    { cell, numerics = "fast", threads = 1, seed = 0 }: Pick<
      SequenceGeneratorOptions,
      "cell" | "numerics" | "threads" | "seed"
    > = {},
  ): Promise<SequenceGenerator> {
    const { parts, tensors } = readModel<Parts>(KIND, bytes, REQUIRED, cell);
    const { vocabulary, labels, vector, longest, frozen, ...shape } = parts;
    const tokens = new SequenceTokens(Vocabulary.fromJSON(vocabulary), labels, vector, longest);
    const model = await SequenceGenerator.#make(tokens, shape, { seed, numerics, threads, frozen });
    model.#session.set(tensors);
    return model;
  }

  static async #make(
    tokens: SequenceTokens,
    shape: SequenceGeneratorShape,
    options: Pick<CompileOptions, "seed" | "numerics" | "threads" | "frozen">,
    first?: ReturnType<typeof firstValues>,
  ): Promise<SequenceGenerator> {
    const sequence = tokens.longest + 1, sizes = { batch: ROWS, loss: crossEntropy() };
    const steps = tokens.vector ? { steps: 1, decoderSteps: sequence } : { steps: sequence };
    const net = generatorNet(tokens, shape);
    const session = await ModelSession.create(net, { ...options, ...sizes, ...steps }, first);
    return new SequenceGenerator(tokens, shape, session);
  }

  /** The tokens that the model knows. */
  get vocabulary(): Vocabulary {
    return this.#tokens.vocabulary;
  }

  /**
   * Train by the trainer, whose events these are (see `fit`): shuffled, in batches of about one length. The loss is the
   * mean over the tokens and the ends. Breaking out of the loop ends the training; see `checkpoint` for how to go on.
   *
   * @throws {OptionError} When a text is too long or has unknown tokens, its condition is not what the model is made for,
   * or the model is already being trained.
   * @throws {NonFiniteError} When loss or gradient are not finite; the parameters are those of the step before.
   */
  async *fit(
    texts: readonly (string | ConditionedText)[],
    options: SequenceGeneratorFitOptions = {},
  ): AsyncGenerator<TrainingEvent, void, void> {
    const { batch = 32, optimizer = adam({ learningRate: 2e-3 }), clip = clipNorm(5), resume, ...more } = options;
    const { validation, every, ...trainer } = more;
    requireInteger("batch", batch, 1);
    const { samples } = this.#tokens.samples(texts);
    const evaluate = validation && { data: this.#tokens.samples(validation).samples, every };
    yield* this.#session.fit({ batch, optimizer, clip }, (session) => {
      const from = resume && session.restore(resume);
      const goOn = from && { state: from.extra as TrainerState, tensors: from.tensors };
      return this.#training = fit(session, samples, { ...trainer, batch, evaluate, resume: goOn });
    });
  }

  /**
   * How well texts are predicted, each token from the condition and the tokens before it.
   *
   * @throws {OptionError} When a text is too long or has unknown tokens, or its condition is not what the model is made for.
   */
  async evaluate(
    texts: readonly (string | ConditionedText)[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<SequenceGeneratorEvaluation> {
    const { samples, characters } = this.#tokens.samples(texts);
    const { loss, count: tokens } = await evaluate(this.#session.current, samples, { signal });
    const bitsPerCharacter = loss * BITS_PER_NAT * tokens / characters;
    return { loss, perplexity: exp(loss), tokens, characters, bitsPerCharacter };
  }

  /**
   * Write a text, a token per piece, from its condition to `<eos>`. The same seed gives the same text; `<unk>`, `<pad>` and
   * `<bos>` are never written. A training that begins meanwhile ends it with an error.
   *
   * @throws {OptionError} When the prompt has unknown tokens, the condition is not what the model is made for, or an option is
   * out of range.
   */
  async *generate(options: SequenceGenerateOptions = {}): AsyncGenerator<string, void, void> {
    const { prompt = "", temperature = 1, topK, topP, seed = 0, ...condition } = options, tokens = this.#tokens;
    const { length = tokens.longest } = options, { vocabulary } = tokens;
    requireInteger("length", length, 0);
    if (!(temperature >= 0)) throw new OptionError(`"temperature" must be a number >= 0, got ${temperature}`);
    truncate(Float32Array.of(1), { topK, topP }); // out of range is out of range, even where nothing is drawn
    const { first, vector } = tokens.start(condition, "the condition"), written = vocabulary.encode(prompt);
    const { current } = this.#session;
    const reader = tokens.vector ? decode(current, vector, { batch: 1 }) : current.stream();
    const draws = new Generator(seed), pending = [first, ...written];
    using loop = new EventLoop();
    for (let i = 0, count = written.length; count < length; i++) {
      await loop.turn();
      const logits = reader.step([pending[i]]);
      if (i + 1 < pending.length) continue;
      for (const id of tokens.mute) logits[id] = -Infinity;
      const token = temperature === 0 ? mostProbable(logits) : draw(logits, temperature, { topK, topP }, draws);
      if (token === tokens.end) return;
      pending.push(token);
      yield (count++ ? vocabulary.separator : "") + vocabulary.decode([token]);
    }
  }

  /**
   * All that an exact continuation of the last training needs, after its last event: for `resume` of `fit`, in a model with the
   * same vocabulary and options.
   *
   * @throws {OptionError} When there was no training.
   */
  checkpoint(): Uint8Array<ArrayBuffer> {
    const training = this.#training;
    if (!training) throw new OptionError("Cannot write a checkpoint: this model has not been trained");
    return this.#session.current.checkpoint({ extra: training.state, states: {}, tensors: training.tensors() });
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    const { vocabulary, labels, vector, longest } = this.#tokens;
    const { parameters, frozen } = this.#session;
    return writeModel(KIND, { ...this.#shape, vocabulary, labels, vector, longest, frozen }, parameters);
  }

  /** Number of trained numbers. */
  get size(): number {
    return this.#session.size;
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }
}

/** A token of the softmax of logits. */
function draw(
  logits: Float32Array,
  temperature: number,
  kept: { topK?: number; topP?: number },
  draws: Generator,
): number {
  const probabilities = Float32Array.from(logSoftmax(logits.map((logit) => logit / temperature)), (p) => exp(p));
  return sample(truncate(probabilities, kept), draws.uniform());
}

function vocabularyOf(
  source: readonly (string | ConditionedText)[] | Vocabulary,
  tokens?: SequenceGeneratorOptions["tokens"],
): Vocabulary {
  if (source instanceof Vocabulary) {
    if (tokens === undefined) return source;
    throw new OptionError(`"tokens" is for texts: a vocabulary says itself what a token is, got "${tokens}"`);
  }
  const kind = requireOneOf("tokens", tokens ?? "characters", ["characters", "words", "spaced"]);
  const parts = source.map((given) => typeof given === "string" ? given : given.text);
  const all = parts.map((text) => typeof text === "string" ? text : text.join(kind === "spaced" ? " " : ""));
  if (kind === "characters") return Vocabulary.characters(all.join(""));
  const { tokens: found } = Vocabulary[kind](all.join("\n"), { special: ["<unk>"], minimumCount: 2 });
  // The line breaks between the texts are not theirs.
  const own = all.some((text) => text.includes("\n")) ? found : found.filter((token) => token !== "\n");
  return Vocabulary.fromJSON({ kind, tokens: [...own] });
}

function longestOf(texts: readonly (string | ConditionedText)[], vocabulary: Vocabulary): number {
  const lengths = texts.map((given) => vocabulary.encode(typeof given === "string" ? given : given.text).length);
  return lengths.reduce((longest, length) => Math.max(longest, length), 1);
}

/** With a vector, an encoder that passes it on, and a decoder; without, the decoder alone. */
function generatorNet({ inputs, classes, vector }: SequenceTokens, shape: SequenceGeneratorShape): Layer {
  const { cell, hidden, embedding: width, dropout: rate } = shape;
  const states = cell.states(hidden[hidden.length - 1]), output = Object.values(states)[0];
  const net = sequential({
    embedding: embedding(inputs, width),
    ...rate && { dropout: dropout(width, rate) },
    rnn: recurrent(cell, { input: width, hidden, dropout: rate }),
    ...rate && { dropout_output: dropout(output, rate) },
    output: dense(output, classes),
  });
  if (!vector) return net;
  const encoder = conditioning(vector, Object.keys(states).length * hidden.length);
  return encoderDecoder({ encoder, decoder: net, bridge: "dense" });
}
