import { layerSizes } from "../layers/recurrent_options.ts";
import { lstm } from "../cells/lstm.ts";
import { scheduledSampling } from "../decoding/scheduled_sampling.ts";
import { OptionError } from "../errors.ts";
import { readOptions, RUN } from "../options.ts";
import { exp } from "../kernels/real.ts";
import { editDistance } from "../text/edit_distance.ts";
import type { Metrics } from "../trainer/evaluate.ts";
import { crossEntropy } from "../training/losses/cross_entropy.ts";
import { EmbeddingStarts } from "./embeddings.ts";
import { joinedSizes } from "./sequence_options.ts";
import { type FitPlan, type LoadModelOptions, TrainableModel } from "./model.ts";
import { type ModelTraining, trainModel } from "./model_training.ts";
import { MOST_ROWS } from "./run/pieces.ts";
import { type BothSides, codecsOf, SEQ2SEQ, type Seq2SeqDescription, Seq2SeqRunner } from "./run/seq2seq.ts";
import { translateGreedily } from "./run/seq2seq_decoding.ts";
import { requirePairs, type SequenceCodec, type TargetCodec } from "./run/sequences.ts";
import {
  FIT,
  type Pair,
  SEQ2SEQ_OPTIONS,
  type Seq2SeqEvaluation,
  type Seq2SeqFitOptions,
  type Seq2SeqOptions,
} from "./seq2seq_options.ts";

const SETUP = {
  loss: () => crossEntropy(),
  size: ({ longest }: Seq2SeqDescription) => ({
    batch: MOST_ROWS,
    steps: longest.source,
    decoderSteps: longest.target + 1,
  }),
};

/** Pairs as samples of the trainer. */
interface EncodedPairs {
  /** The sources. */
  readonly x: Int32Array[];
  /** What the decoder reads: begin and the target. */
  readonly decoderInput: Int32Array[];
  /** What the decoder predicts: the target and the end. */
  readonly y: Int32Array[];
}

/**
 * Translates sequences to sequences of other lengths: words to their sounds, one language to another, questions to
 * answers. An encoder reads the source; a decoder that attends to the source writes the target, token by token
 * (Sutskever et al. 2014, Bahdanau et al. 2014, Luong et al. 2015). The net is an `encoderDecoder` of embeddings,
 * recurrent layers, attention and a dense layer to the logits.
 *
 * Sequences are texts or lists of tokens of a vocabulary, or ids where the number of tokens is given in the
 * vocabulary's place. Tokens that a vocabulary does not have become its `<unk>`; without `<unk>` they are refused.
 * Translations never contain `<unk>`, `<pad>` or `<bos>`.
 *
 * @example
 * ```ts
 * import { gru, Vocabulary } from "@unroll/rnn";
 * import { Seq2Seq } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const words = ["abc", "cab", "bca", "ab", "cb", "ac", "b"];
 * const pairs = words.map((word) => [word, [...word].reverse().join("")] as const);
 * const letters = Vocabulary.characters("abc"), sizes = { hidden: 24, longest: 3 };
 * const model = await Seq2Seq.create({ source: letters, target: letters, cell: gru(), ...sizes, seed: 1 });
 * let loss = Infinity;
 * for await (const event of model.fit(pairs, { epochs: 150, batch: 7 })) if (event.type === "step") loss = event.loss;
 * const [{ text }] = await model.translate(["cab"]);
 * assertEquals(text, "bac");
 * assertEquals((await model.beamSearch("cab", { width: 2 }))[0].text, "bac");
 * model.dispose();
 * ```
 */
export class Seq2Seq extends Seq2SeqRunner {
  readonly #model: TrainableModel<Seq2SeqDescription>;
  readonly #source: SequenceCodec;
  readonly #target: TargetCodec;

  private constructor(model: TrainableModel<Seq2SeqDescription>) {
    super(model);
    this.#model = model;
    ({ source: this.#source, target: this.#target } = codecsOf(model.description));
  }

  /**
   * A new model.
   *
   * @throws {OptionError} When an option is out of range.
   */
  static async create(given: Seq2SeqOptions): Promise<Seq2Seq> {
    const options = readOptions("Seq2Seq.create", SEQ2SEQ_OPTIONS, given);
    const { source, target, cell = lstm(), bidirectional, dropout, attention } = options;
    const { hidden, layers } = joinedSizes(layerSizes(options.hidden, options.layers));
    if (typeof hidden !== "number") {
      throw new OptionError(`"hidden" of Seq2Seq must be the same for each layer, got ${hidden.join(", ")}`);
    }
    const { embedding = Math.ceil(hidden / 2) } = options;
    const longest = bothSides(options.longest);
    const embeddings = new EmbeddingStarts();
    const sides = bothSides(embedding);
    const widths = {
      source: embeddings.add("encoder.embedding.weight", sides.source, source),
      target: embeddings.add("decoder.embedding.weight", sides.target, target),
    };
    // The file has the description's values in this order.
    const shape = { cell, hidden, layers, bidirectional, attention, dropout, embedding: widths };
    const description = { ...shape, source, target, longest, frozen: embeddings.frozen };
    return new Seq2Seq(await TrainableModel.create(SEQ2SEQ, description, SETUP, options, embeddings.weights));
  }

  /**
   * Load what `save` wrote. A cell that is not one of the library's must be given again.
   *
   * @throws {FormatError} When the bytes are not such a file.
   */
  static async load(bytes: Uint8Array | ArrayBuffer, options: LoadModelOptions = {}): Promise<Seq2Seq> {
    return new Seq2Seq(await TrainableModel.load(SEQ2SEQ, bytes, SETUP, options));
  }

  /**
   * Train the model. The events are those of the trainer: see `fit`. Pairs are shuffled, in batches of similar length.
   * The loss is the mean over the tokens of the targets and their ends. Await the training, or iterate its events.
   *
   * @throws {OptionError} When a sequence has no tokens, too many or unknown ones, or the model is already being
   * trained.
   * @throws {NonFiniteError} When the loss or the gradient is not finite. The parameters are then those of the step
   * before.
   */
  fit(pairs: readonly Pair[], options: Seq2SeqFitOptions = {}): ModelTraining<Metrics> {
    return trainModel(this.#model, () => this.#plan(pairs, options));
  }

  #plan(pairs: readonly Pair[], options: Seq2SeqFitOptions): FitPlan<Metrics> {
    const { batch, sampling, labelSmoothing, optimizer, clip, ...others } = readOptions("Seq2Seq.fit", FIT, options);
    const { validation, every, seed = this.#model.trainerState?.seed ?? 0, bucket = 16, ...trainer } = others;
    const samples = this.#encode(pairs);
    const evaluate = validation && { data: this.#encode(validation), every };
    const probability = typeof sampling === "number" ? () => sampling : sampling;
    const arrangement = { batch: Math.min(batch, pairs.length), bucket, seed };
    return {
      session: { batch, loss: crossEntropy({ labelSmoothing }), optimizer, clip },
      data: (session) =>
        sampling === 0 ? samples : scheduledSampling(session, samples, { ...arrangement, probability }),
      identity: [pairs],
      trainer: { ...trainer, ...arrangement, evaluate },
    };
  }

  /**
   * Evaluate the prediction of the targets, and greedy translations of the sources.
   *
   * @throws {OptionError} When a sequence has no tokens, too many or unknown ones.
   */
  async evaluate(pairs: readonly Pair[], options: { signal?: AbortSignal } = {}): Promise<Seq2SeqEvaluation> {
    const { signal } = readOptions("Seq2Seq.evaluate", RUN, options);
    const samples = this.#encode(pairs);
    const { loss, count } = await this.#model.evaluate(samples, { signal });
    const translations = await translateGreedily(this.#model, samples.x, this.#target, { signal });
    const targets = samples.y.map((ids) => ids.subarray(0, -1));
    const distances = targets.map((target, i) => editDistance(translations[i].ids, target));
    const edits = distances.reduce((sum, distance) => sum + distance, 0);
    const tokens = targets.reduce((sum, { length }) => sum + length, 0);
    const wrong = distances.filter((distance) => distance > 0).length;
    return { loss, perplexity: exp(loss), tokens: count, errorRate: edits / tokens, wrong: wrong / pairs.length };
  }

  #encode(pairs: readonly Pair[]): EncodedPairs {
    const { begin, end } = this.#target;
    requirePairs(pairs, "pair", "[source, target]");
    const x = pairs.map(([source], i) => this.#source.encode(source, i));
    const targets = pairs.map(([, target], i) => this.#target.encode(target, i));
    return {
      x,
      decoderInput: targets.map((ids) => Int32Array.of(begin, ...ids)),
      y: targets.map((ids) => Int32Array.of(...ids, end)),
    };
  }
}

/** A value for each side, from one for each or one for both. */
function bothSides<Value extends number | object>(value: Value | BothSides<Value>): BothSides<Value> {
  return typeof value === "object" && "source" in value ? value : { source: value, target: value };
}
