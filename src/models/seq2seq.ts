import { lstm } from "../cells/lstm.ts";
import { OptionError, requireInteger, requireOneOf, requireRate } from "../errors.ts";
import { exp } from "../kernels/real.ts";
import { editDistance } from "../text/edit_distance.ts";
import { clipNorm } from "../training/clip.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { adam } from "../training/optimizers/adam.ts";
import { compile, type CompileOptions } from "./compile.ts";
import { attention } from "./decoder.ts";
import { evaluate } from "./evaluation.ts";
import { EventLoop } from "./event_loop.ts";
import { scheduledSampling } from "./scheduled_sampling.ts";
import { readSeq2Seq, type Seq2SeqParts, writeSeq2Seq } from "./seq2seq_file.ts";
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
import type { Session } from "./session.ts";
import { fit } from "./trainer.ts";
import type { TrainingEvent } from "./training_events.ts";
import { searchTranslations, translateGreedily } from "./translation.ts";

/** Rows of a session that does not train. */
const ROWS = 32;

/** The options of a model's sessions, and what of its shape is not in the net. */
type Compiled = Required<Pick<CompileOptions, "seed" | "numerics" | "threads">>;

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
  readonly #compiled: Compiled;
  #session: Session;
  #fitting = false;

  private constructor(source: Side, target: Target, shape: Seq2SeqShape, compiled: Compiled, session: Session) {
    this.#source = source;
    this.#target = target;
    this.#shape = shape;
    this.#compiled = compiled;
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
    const sides = { source: options.source, target: options.target, longest: both("longest", longest) };
    const shape = { cell, hidden, layers, bidirectional, attention, embedding: both("embedding", embedding), dropout };
    return await Seq2Seq.#make({ ...shape, ...sides }, { seed, numerics, threads });
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
    const { tensors, ...parts } = readSeq2Seq(bytes, cell);
    const model = await Seq2Seq.#make(parts, { seed, numerics, threads });
    model.#session.setParameters(tensors);
    return model;
  }

  static async #make({ source, target, longest, ...shape }: Omit<Seq2SeqParts, "tensors">, compiled: Compiled) {
    for (const [name, tokens] of Object.entries({ source, target })) {
      if (typeof tokens === "number") requireInteger(name, tokens, 1);
    }
    const from = new Side("source", source, longest.source), to = new Target(target, longest.target);
    const session = await compileModel(from, to, shape, { ...compiled, batch: ROWS });
    return new Seq2Seq(from, to, shape, compiled, session);
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
    if (this.#fitting) throw new OptionError("Cannot fit: this model is already being trained");
    const samples = this.#samples(pairs), evaluated = validation && this.#samples(validation);
    this.#fitting = true;
    try {
      const loss = crossEntropy({ labelSmoothing }), session = await this.#train({ batch, loss, optimizer, clip });
      const probability = typeof sampling === "number" ? () => sampling : sampling;
      const arrangement = { batch: Math.min(batch, pairs.length), bucket, seed };
      const data = sampling === 0 ? samples : scheduledSampling(session, samples, { ...arrangement, probability });
      const evaluate = evaluated && { data: evaluated, every };
      yield* fit(session, data, { ...trainer, ...arrangement, evaluate });
    } finally {
      this.#fitting = false;
    }
  }

  /**
   * How well the model predicts and translates pairs, greedily.
   *
   * @throws {OptionError} When a sequence has no tokens, too many or unknown ones.
   */
  async evaluate(pairs: readonly Pair[], { signal }: { signal?: AbortSignal } = {}): Promise<Seq2SeqEvaluation> {
    const samples = this.#samples(pairs), { loss, count: tokens } = await evaluate(this.#session, samples, { signal });
    using loop = new EventLoop();
    const found = await translateGreedily(() => this.#session, samples.x, this.#target, { signal }, loop);
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
    return await translateGreedily(() => this.#session, ids, this.#target, options, loop);
  }

  /**
   * The most probable translations of a source that a beam search finds, the best first, at most `width`: see `beamSearch`. A
   * training that goes on meanwhile ends it.
   *
   * @throws {OptionError} When the source has no tokens, too many or unknown ones, or an option is out of range.
   */
  async beamSearch(source: Sequence, options: TranslationSearchOptions = {}): Promise<Translation[]> {
    return await searchTranslations(this.#session, this.#source.encode(source, 0), this.#target, options);
  }

  /**
   * Where the decoder looks when it writes a target, which may be empty here, as a translation may be: an end alone.
   *
   * @throws {OptionError} When the model has no attention, or a sequence no tokens, too many or unknown ones.
   */
  align(source: Sequence, target: Sequence): Alignment {
    if (this.#shape.attention === "none") throw new OptionError('Cannot align: the model has "attention" "none"');
    const x = this.#source.encode(source, 0), ids = target.length ? this.#target.encode(target, 0) : [], S = x.length;
    const decoderInput = [this.#target.begin, ...ids], y = [...ids, this.#target.end];
    this.#session.forward(x, { batch: 1, decoderInput });
    const [{ data }] = attention(this.#session).values();
    return {
      source: Array.from(x, (id) => this.#source.name(id)),
      target: Array.from(y, (id) => this.#target.name(id)),
      weights: Array.from(y, (_, t) => data.slice(t * S, (t + 1) * S)),
    };
  }

  /** The model as a safetensors file: parameters in PyTorch's names (`encoder.rnn.weight_ih_l0`), the rest as metadata. */
  save(): Uint8Array<ArrayBuffer> {
    const source = this.#source, target = this.#target, longest = { source: source.longest, target: target.longest };
    const tensors = this.#session.parameters();
    return writeSeq2Seq({ ...this.#shape, source: source.tokens, target: target.tokens, longest, tensors });
  }

  /** Number of trained numbers. */
  get size(): number {
    let size = 0;
    for (const { data } of this.#session.parameters().values()) size += data.length;
    return size;
  }

  /** Give up the memory. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }

  #samples(pairs: readonly Pair[]): EncodedPairs {
    return encodePairs(pairs, this.#source, this.#target);
  }

  /** Move the parameters to a session that can train. */
  async #train(options: Pick<CompileOptions, "batch" | "loss" | "optimizer" | "clip">): Promise<Session> {
    const batch = Math.max(options.batch, ROWS);
    const session = await compileModel(this.#source, this.#target, this.#shape, {
      ...this.#compiled,
      ...options,
      batch,
    });
    session.setParameters(this.#session.parameters());
    this.#session[Symbol.dispose]();
    return this.#session = session;
  }
}

async function compileModel(
  source: Side,
  target: Target,
  shape: Seq2SeqShape,
  options: Compiled & Pick<CompileOptions, "batch" | "loss" | "optimizer" | "clip">,
): Promise<Session> {
  const net = seq2seqNet({ source: source.size, target: target.classes }, shape);
  const sizes = { steps: source.longest, decoderSteps: target.longest + 1 };
  return await compile(net, { loss: crossEntropy(), ...options, ...sizes });
}

/** One number for both sides, or one for each. */
function both(name: string, value: number | { readonly source: number; readonly target: number }) {
  const { source, target } = typeof value === "number" ? { source: value, target: value } : value;
  return { source: requireInteger(name, source, 1), target: requireInteger(name, target, 1) };
}
