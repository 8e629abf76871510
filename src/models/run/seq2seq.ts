import { bahdanau } from "../../cells/bahdanau.ts";
import { OptionError } from "../../errors.ts";
import { dense } from "../../layers/dense.ts";
import { dropout } from "../../layers/dropout.ts";
import { embedding } from "../../layers/embedding.ts";
import { encoderDecoder } from "../../layers/encoder_decoder.ts";
import type { Layer } from "../../layers/layer.ts";
import { luong } from "../../layers/luong.ts";
import { recurrent } from "../../layers/recurrent.ts";
import { sequential } from "../../layers/sequential.ts";
import { attention } from "../../runtime/decoder.ts";
import { type Check, count, flag, list as requireList, rate, readOptions, REQUIRED } from "../../options.ts";
import { oneOf, optional, sides, tokens } from "./description.ts";
import { type ModelKind, ModelRunner, type RunnableModel } from "./model.ts";
import type { ModelDescription } from "./model_file.ts";
import {
  SEARCH,
  searchTranslations,
  TRANSLATE,
  translateGreedily,
  type TranslateOptions,
  type Translation,
  type TranslationSearchOptions,
} from "./seq2seq_decoding.ts";
import { type Sequence, SequenceCodec, TargetCodec, type Tokens } from "./sequences.ts";

/** How the decoder attends to the source, or `"none"`: see `Seq2SeqOptions.attention`. */
export type AttentionKind = "bahdanau" | "dot" | "general" | "concat" | "none";

/** Where a model attends to a source while it writes a target. */
export interface Alignment {
  /** The tokens of the source. */
  readonly source: string[];
  /** The tokens of the target, and `<eos>`. */
  readonly target: string[];
  /** For each token of the target a distribution over the tokens of the source. */
  readonly weights: Float32Array[];
}

/** A value for the source and one for the target. */
export interface BothSides<Value> {
  /** The value of the source. */
  readonly source: Value;
  /** The value of the target. */
  readonly target: Value;
}

/** The check of an option that has one value for both sides or one for each. */
export function eachSide<Value>(check: Check<Value>): Check<Value | BothSides<Value>> {
  return (name, value) => {
    if (typeof value !== "object" || value === null || !("source" in value || "target" in value)) {
      return check(name, value);
    }
    const side: readonly [Check<Value>, typeof REQUIRED] = [check, REQUIRED];
    return readOptions(name, { source: side, target: side }, value, `${name}.`);
  };
}

/** All that makes up a sequence-to-sequence model. */
export interface Seq2SeqDescription extends ModelDescription, BothSides<Tokens> {
  /** Hidden size of every layer and direction. */
  readonly hidden: number;
  /** Number of recurrent layers of the encoder, and of the decoder. */
  readonly layers: number;
  /** Whether the encoder also reads against time. */
  readonly bidirectional: boolean;
  /** How the decoder attends to the source. */
  readonly attention: AttentionKind;
  /** Rate of dropout. */
  readonly dropout: number;
  /** Widths of the embeddings. */
  readonly embedding: BothSides<number>;
  /** Maximum numbers of tokens. */
  readonly longest: BothSides<number>;
}

/** The kind of a sequence-to-sequence model. */
export const SEQ2SEQ: ModelKind<Seq2SeqDescription> = {
  name: "sequence-to-sequence model",
  values: () => ({
    source: tokens,
    target: tokens,
    hidden: count,
    layers: count,
    bidirectional: flag,
    attention: oneOf("bahdanau", "dot", "general", "concat", "none"),
    dropout: optional(rate, 0),
    embedding: sides(count),
    longest: sides(count),
  }),
  net: seq2seqNet,
  size: ({ longest }) => ({ batch: 1, steps: longest.source, decoderSteps: longest.target + 1 }),
};

/** A saved `Seq2Seq` to run, not to train: `translate`, `beamSearch` and `align` with the same results. */
export class Seq2SeqRunner extends ModelRunner {
  readonly #model: RunnableModel<Seq2SeqDescription>;
  readonly #source: SequenceCodec;
  readonly #target: TargetCodec;

  /** Runners are made by `loadSeq2Seq`. */
  constructor(model: RunnableModel<Seq2SeqDescription>) {
    super(model);
    this.#model = model;
    ({ source: this.#source, target: this.#target } = codecsOf(model.description));
  }

  /**
   * Translate sources, each by the most probable token at every step, in batches of similar length.
   *
   * @throws {OptionError} When a source has no tokens, too many or unknown ones.
   */
  async translate(sources: readonly Sequence[], options: TranslateOptions = {}): Promise<Translation[]> {
    readOptions("translate", TRANSLATE, options);
    const ids = requireList("sources", sources).map((source, i) => this.#source.encode(source, i));
    return await translateGreedily(this.#model, ids, this.#target, options);
  }

  /**
   * Search for the most probable translations of a source by beam search: see `beamSearch`. The best comes first; there
   * are at most `width`.
   *
   * @throws {OptionError} When the source has no tokens, too many or unknown ones, or an option is out of range.
   */
  async beamSearch(source: Sequence, options: TranslationSearchOptions = {}): Promise<Translation[]> {
    readOptions("beamSearch", SEARCH, options);
    return await searchTranslations(this.#model.nets, this.#source.encode(source, 0), this.#target, options);
  }

  /**
   * Where the decoder attends to a source while it writes a target. The target may be empty: then the model writes the
   * end alone.
   *
   * @throws {OptionError} When the model has no attention, or a sequence has too many or unknown tokens, or the source
   * none.
   */
  align(source: Sequence, target: Sequence): Alignment {
    const { description, parameters } = this.#model;
    if (description.attention === "none") throw new OptionError('Cannot align: the model has "attention" "none"');
    const x = this.#source.encode(source, 0);
    const ids = target.length ? this.#target.encode(target, 0) : [];
    const y = [...ids, this.#target.end];
    const S = x.length;
    const net = parameters.now;
    net.forward(x, { batch: 1, decoderInput: [this.#target.begin, ...ids] });
    const [{ data }] = attention(net).values();
    return {
      source: Array.from(x, (id) => this.#source.name(id)),
      target: Array.from(y, (id) => this.#target.name(id)),
      weights: Array.from(y, (_, t) => data.slice(t * S, (t + 1) * S)),
    };
  }
}

/** The codecs of a model. */
export function codecsOf(
  { source, target, longest }: Pick<Seq2SeqDescription, "source" | "target" | "longest">,
): { source: SequenceCodec; target: TargetCodec } {
  return {
    source: new SequenceCodec("source", source, longest.source),
    target: new TargetCodec(target, longest.target),
  };
}

/** Embedding and recurrent layers, in the decoder also attention and a dense layer to the logits. */
function seq2seqNet(description: Seq2SeqDescription): Layer {
  const { cell, hidden, layers, bidirectional, attention, embedding: widths, dropout: rate } = description;
  const { source, target } = codecsOf(description);
  const inputDropout = (width: number): Record<string, Layer> => rate ? { dropout: dropout(width, rate) } : {};
  const output = Object.values(cell.states(hidden))[0];
  const sourceWidth = bidirectional ? 2 * output : output;
  const encoder = sequential({
    embedding: embedding(source.size, widths.source),
    ...inputDropout(widths.source),
    rnn: recurrent(cell, { input: widths.source, hidden, layers, bidirectional, dropout: rate }),
  });
  const isInCell = attention === "bahdanau";
  const decoder = sequential({
    embedding: embedding(target.classes, widths.target),
    ...inputDropout(widths.target),
    rnn: recurrent(isInCell ? bahdanau(cell, { source: sourceWidth }) : cell, {
      input: widths.target,
      hidden,
      layers: isInCell ? 1 : layers,
      dropout: rate,
    }),
    // The cell of the first layer attends; the layers above are ordinary ones.
    ...isInCell && layers > 1 && {
      ...rate && { dropout_rnn: dropout(output, rate) },
      upper: recurrent(cell, { input: output, hidden, layers: layers - 1, dropout: rate }),
    },
    ...attention !== "none" && !isInCell && { attention: luong(output, { source: sourceWidth, score: attention }) },
    ...rate && { dropout_output: dropout(output, rate) },
    output: dense(output, target.classes),
  });
  return encoderDecoder({ encoder, decoder });
}
