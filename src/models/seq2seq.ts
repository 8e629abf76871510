import { lstm } from "../cells/lstm.ts";
import { OptionError, requireInteger, requireOneOf, requireRate } from "../errors.ts";
import { exp } from "../kernels/real.ts";
import { editDistance } from "../text/edit_distance.ts";
import { clipNorm } from "../training/clip.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { adam } from "../training/optimizers/adam.ts";
import type { CompileOptions } from "../session/compile.ts";
import { attention } from "../runtime/decoder.ts";
import { evaluate } from "../trainer/evaluate.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import { type PlainTokens, plainTokens, readModel, tokensOf, writeModel } from "./model_file.ts";
import { ModelSession } from "./model_session.ts";
import { embeddingStart, firstValues, frozenNames } from "./embedding_start.ts";
import { scheduledSampling } from "../decoding/scheduled_sampling.ts";
import { seq2seqNet, type Seq2SeqShape } from "./seq2seq_net.ts";
import type {
  Alignment,
  Pair,
  Seq2SeqEvaluation,
  Seq2SeqFitOptions,
  Seq2SeqOptions,
  Sequence,
  TranslateOptions,
  Translation,
  TranslationSearchOptions,
} from "./seq2seq_options.ts";
import { type EncodedPairs, encodePairs, Side, Target } from "./seq2seq_tokens.ts";
import { fit } from "../trainer/fit.ts";
import type { TrainingEvent } from "../trainer/events.ts";
import { searchTranslations, translateGreedily } from "./translation.ts";

/** Rows of a session that does not train. */
const ROWS = 32;

/** What a file has of a model, beside its cell. */
interface Parts extends Omit<Seq2SeqShape, "cell"> {
  readonly source: PlainTokens;
  readonly target: PlainTokens;
  readonly longest: { readonly source: number; readonly target: number };
  readonly frozen?: readonly string[];
}

/** Of its file. */
const KIND = "sequence-to-sequence model";
/** The parts that there must be. */
const REQUIRED = [
  "source",
  "target",
  "longest",
  "hidden",
  "layers",
  "bidirectional",
  "attention",
  "embedding",
] as const;

/** The weights of the two embeddings. */
const SOURCE = "encoder.embedding.weight", TARGET = "decoder.embedding.weight";

/**
 * From sequences to sequences of other lengths: words to their sounds, a language to another one, questions to answers. An encoder
 * reads the source, a decoder that looks at what it has read writes the target, token by token (Sutskever et al. 2014,
 * Bahdanau et al. 2014, Luong et al. 2015). The net is an `encoderDecoder` of embeddings, recurrent layers, attention and
 * a dense layer to the logits.
 *
 * Sequences are texts, or lists of tokens, of a vocabulary; or ids, where a number of tokens is given in its place. Tokens that a
 * vocabulary does not have are its `<unk>`; without one, they are refused. What is written never has `<unk>`, `<pad>`
 * or `<bos>` in it.
 *
 * @example
 * ```ts
 * import { gru, Vocabulary } from "@unroll/rnn";
 * import { Seq2Seq } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const pairs = ["abc", "cab", "bca", "ab", "cb", "ac", "b"].map((word) => [word, [...word].reverse().join("")] as const);
 * const letters = Vocabulary.characters("abc"), sizes = { hidden: 24, longest: 3 };
 * using model = await Seq2Seq.create({ source: letters, target: letters, cell: gru(), ...sizes, seed: 1 });
 * let loss = Infinity;
 * for await (const event of model.fit(pairs, { epochs: 150, batch: 7 })) if (event.type === "step") loss = event.loss;
 * const [{ text }] = await model.translate(["cab"]);
 * assertEquals(text, "bac");
 * assertEquals((await model.beamSearch("cab", { width: 2 }))[0].text, "bac");
 * ```
 */
export class Seq2Seq implements Disposable {
  readonly #source: Side;
  readonly #target: Target;
  readonly #shape: Seq2SeqShape;
  readonly #session: ModelSession;

  private constructor(source: Side, target: Target, shape: Seq2SeqShape, session: ModelSession) {
    this.#source = source;
    this.#target = target;
    this.#shape = shape;
    this.#session = session;
  }

  /**
   * A new model.
   *
   * @throws {OptionError} When an option is out of range.
   */
  static async create(options: Seq2SeqOptions): Promise<Seq2Seq> {
    const { cell = lstm(), hidden = 128, layers = 1, bidirectional = true, attention = "general", dropout = 0 } =
      options;
    const { embedding = Math.ceil(hidden / 2), longest = 50, seed = 0, numerics = "fast", threads = 1 } = options;
    const kinds = ["bahdanau", "dot", "general", "concat", "none"] as const;
    requireInteger("hidden", hidden, 1);
    requireInteger("layers", layers, 1);
    requireRate("dropout", dropout);
    requireOneOf("attention", attention, kinds);
    const widths = both(embedding), lengths = both(longest);
    for (const length of Object.values(lengths)) requireInteger("longest", length, 1);
    for (const name of ["source", "target"] as const) {
      if (typeof options[name] === "number") requireInteger(name, options[name], 1);
    }
    const source = embeddingStart(widths.source, options.source),
      target = embeddingStart(widths.target, options.target);
    const shape = { cell, hidden, layers, bidirectional, attention, dropout };
    return await Seq2Seq.#make(
      new Side("source", options.source, lengths.source),
      new Target(options.target, lengths.target),
      { ...shape, embedding: { source: source.width, target: target.width } },
      { seed, numerics, threads, frozen: frozenNames({ [SOURCE]: widths.source, [TARGET]: widths.target }) },
      firstValues({ [SOURCE]: source, [TARGET]: target }),
    );
  }

  /**
   * A model from what `save` wrote. A cell of one's own has to be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(
    bytes: Uint8Array,
    { cell, numerics = "fast", threads = 1, seed = 0 }: Pick<Seq2SeqOptions, "cell" | "numerics" | "threads" | "seed"> =
      {},
  ): Promise<Seq2Seq> {
    const { parts, tensors } = readModel<Parts>(KIND, bytes, REQUIRED, cell);
    const { source, target, longest, frozen, ...shape } = parts;
    const from = new Side("source", tokensOf(source), longest.source);
    const to = new Target(tokensOf(target), longest.target);
    const model = await Seq2Seq.#make(from, to, shape, { seed, numerics, threads, frozen });
    model.#session.set(tensors);
    return model;
  }

  static async #make(
    source: Side,
    target: Target,
    shape: Seq2SeqShape,
    options: Pick<CompileOptions, "seed" | "numerics" | "threads" | "frozen">,
    first?: ReturnType<typeof firstValues>,
  ): Promise<Seq2Seq> {
    const net = seq2seqNet({ source: source.size, target: target.classes }, shape);
    const sizes = { batch: ROWS, steps: source.longest, decoderSteps: target.longest + 1 };
    const session = await ModelSession.create(net, { ...options, ...sizes, loss: crossEntropy() }, first);
    return new Seq2Seq(source, target, shape, session);
  }

  /**
   * Train on pairs by the trainer, whose events these are (see `fit`): shuffled, in batches of about one length. The loss is the
   * mean over the tokens of the targets and their ends. Breaking out of the loop ends the training.
   *
   * @throws {OptionError} When a sequence has no tokens, too many or unknown ones, or the model is already being trained.
   * @throws {NonFiniteError} When loss or gradient are not finite; the parameters are those of the step before.
   */
  async *fit(pairs: readonly Pair[], options: Seq2SeqFitOptions = {}): AsyncGenerator<TrainingEvent, void, void> {
    const { batch = 64, optimizer = adam({ learningRate: 2e-3 }), clip = clipNorm(1), labelSmoothing, ...more } =
      options;
    const { sampling = 0, validation, every, seed = 0, bucket = 16, ...trainer } = more;
    requireInteger("batch", batch, 1);
    requireInteger("seed", seed, 0);
    requireInteger("bucket", bucket, 1);
    const samples = this.#samples(pairs), evaluated = validation && this.#samples(validation);
    const probability = typeof sampling === "number" ? () => sampling : sampling;
    const arrangement = { batch: Math.min(batch, pairs.length), bucket, seed };
    const room = { batch, loss: crossEntropy({ labelSmoothing }), optimizer, clip };
    yield* this.#session.fit(room, (session) => {
      const data = sampling === 0 ? samples : scheduledSampling(session, samples, { ...arrangement, probability });
      return fit(session, data, { ...trainer, ...arrangement, evaluate: evaluated && { data: evaluated, every } });
    });
  }

  /**
   * How well the model predicts and translates pairs, greedily.
   *
   * @throws {OptionError} When a sequence has no tokens, too many or unknown ones.
   */
  async evaluate(pairs: readonly Pair[], { signal }: { signal?: AbortSignal } = {}): Promise<Seq2SeqEvaluation> {
    const samples = this.#samples(pairs), { current } = this.#session;
    const { loss, count: tokens } = await evaluate(current, samples, { signal });
    using loop = new EventLoop();
    const found = await translateGreedily(() => this.#session.current, samples.x, this.#target, { signal }, loop);
    let edits = 0, all = 0, wrong = 0;
    found.forEach(({ ids }, i) => {
      const target = samples.y[i].subarray(0, -1), distance = editDistance(ids, target);
      edits += distance;
      all += target.length;
      if (distance > 0) wrong++;
    });
    return { loss, perplexity: exp(loss), tokens, errorRate: edits / all, wrong: wrong / pairs.length };
  }

  /**
   * Translate sources, each by the most probable token at every step, in batches of about one length.
   *
   * @throws {OptionError} When a source has no tokens, too many or unknown ones.
   */
  async translate(sources: readonly Sequence[], options: TranslateOptions = {}): Promise<Translation[]> {
    const ids = sources.map((source, i) => this.#source.encode(source, i));
    using loop = new EventLoop();
    return await translateGreedily(() => this.#session.current, ids, this.#target, options, loop);
  }

  /**
   * The most probable translations of a source that a beam search finds, the best first, at most `width`: see `beamSearch`. A
   * training that goes on meanwhile ends it.
   *
   * @throws {OptionError} When the source has no tokens, too many or unknown ones, or an option is out of range.
   */
  async beamSearch(source: Sequence, options: TranslationSearchOptions = {}): Promise<Translation[]> {
    return await searchTranslations(this.#session.current, this.#source.encode(source, 0), this.#target, options);
  }

  /**
   * Where the decoder looks when it writes a target, which may be empty here, as a translation may be: an end alone.
   *
   * @throws {OptionError} When the model has no attention, or a sequence no tokens, too many or unknown ones.
   */
  align(source: Sequence, target: Sequence): Alignment {
    if (this.#shape.attention === "none") throw new OptionError('Cannot align: the model has "attention" "none"');
    const x = this.#source.encode(source, 0), ids = target.length ? this.#target.encode(target, 0) : [], S = x.length;
    const decoderInput = [this.#target.begin, ...ids], y = [...ids, this.#target.end], session = this.#session.current;
    session.forward(x, { batch: 1, decoderInput });
    const [{ data }] = attention(session).values();
    return {
      source: Array.from(x, (id) => this.#source.name(id)),
      target: Array.from(y, (id) => this.#target.name(id)),
      weights: Array.from(y, (_, t) => data.slice(t * S, (t + 1) * S)),
    };
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`encoder.rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    const source = this.#source, target = this.#target, { parameters, frozen } = this.#session;
    const tokens = { source: plainTokens(source.tokens), target: plainTokens(target.tokens) };
    const longest = { source: source.longest, target: target.longest };
    return writeModel(KIND, { ...this.#shape, ...tokens, longest, frozen }, parameters);
  }

  /** Number of trained numbers. */
  get size(): number {
    return this.#session.size;
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }

  #samples(pairs: readonly Pair[]): EncodedPairs {
    return encodePairs(pairs, this.#source, this.#target);
  }
}

/** One value for both sides, or one for each. */
function both<T extends number | object>(value: T | { readonly source: T; readonly target: T }): {
  readonly source: T;
  readonly target: T;
} {
  return typeof value === "object" && "source" in value ? value : { source: value, target: value };
}
