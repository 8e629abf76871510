import { joined } from "../../decoding/generate.ts";
import { Prompt } from "../../decoding/prompt.ts";
import { DRAW, type DrawOptions, drawTokens, softmax } from "../../decoding/token_draws.ts";
import { anything, count, extended, natural, rate, readOptions, type Table, text } from "../../options.ts";
import { conditioning } from "../../layers/conditioning.ts";
import { dense } from "../../layers/dense.ts";
import { dropout } from "../../layers/dropout.ts";
import { embedding } from "../../layers/embedding.ts";
import { encoderDecoder } from "../../layers/encoder_decoder.ts";
import type { Layer } from "../../layers/layer.ts";
import { recurrent } from "../../layers/recurrent.ts";
import { sequential } from "../../layers/sequential.ts";
import { decode } from "../../runtime/decoder.ts";
import type { Vocabulary } from "../../text/vocabulary.ts";

import { list, vocabulary } from "./description.ts";
import { type Condition, GeneratorCodec } from "./generator_codec.ts";
import { type ModelKind, ModelRunner, type RunnableModel } from "./model.ts";
import type { ModelDescription } from "./model_file.ts";

/** Options of `SequenceGenerator.generate`. */
export interface SequenceGenerateOptions extends Condition, DrawOptions {
  /**
   * Text that the sequence begins with, or its tokens. The output does not repeat the prompt.
   *
   * @default the sequence begins at its beginning
   */
  prompt?: string | readonly string[];
  /**
   * Maximum number of tokens of the sequence, including the tokens of the prompt.
   *
   * @default the model's `longest`
   */
  length?: number;
}

const GENERATE = /* @__PURE__ */ extended(DRAW, {
  label: [anything],
  vector: [anything],
  prompt: [anything],
  length: [natural],
}) satisfies Table<SequenceGenerateOptions>;

/** All that makes up a generator. */
export interface GeneratorDescription extends ModelDescription {
  /** Hidden size of each layer, bottom to top. */
  readonly hidden: readonly number[];
  /** Width of the embedding. */
  readonly embedding: number;
  /** Rate of dropout. */
  readonly dropout: number;
  /** The tokens. */
  readonly vocabulary: Vocabulary;
  /** The labels that sequences have. */
  readonly labels: readonly string[];
  /** Numbers that a sequence is conditioned on; 0: none. */
  readonly vector: number;
  /** Maximum number of tokens of a sequence. */
  readonly longest: number;
}

/** The kind of a generator. */
export const GENERATOR: ModelKind<GeneratorDescription> = {
  name: "sequence generator",
  values: () => ({
    hidden: list(count, 1),
    embedding: count,
    dropout: rate,
    vocabulary,
    labels: list(text),
    vector: natural,
    longest: count,
  }),
  net: generatorNet,
  size: ({ vector }) => ({ batch: 1, steps: 1, decoderSteps: vector ? 1 : undefined }),
};

/** A saved `SequenceGenerator` to run, not to train: `generate` with the same results. */
export class SequenceGeneratorRunner extends ModelRunner {
  readonly #model: RunnableModel<GeneratorDescription>;
  readonly #codec: GeneratorCodec;

  /** Runners are made by `loadSequenceGenerator`. */
  constructor(model: RunnableModel<GeneratorDescription>) {
    super(model);
    this.#model = model;
    this.#codec = new GeneratorCodec(model.description);
  }

  /** The tokens that the model knows. */
  get vocabulary(): Vocabulary {
    return this.#codec.vocabulary;
  }

  /**
   * Write a text from its condition to `<eos>`, one token a piece. The same seed gives the same text; the default seed
   * is 0, so another text needs another `seed`. `<unk>`, `<pad>` and `<bos>` are never written. While the model is
   * trained, the next token is that of the new parameters.
   *
   * @throws {OptionError} When the prompt has unknown tokens, the label is none of the model's, or an option is out of
   * range.
   * @throws {ShapeError} When the vector does not have the model's length.
   */
  async *generate(options: SequenceGenerateOptions = {}): AsyncGenerator<string, void, void> {
    const { vocabulary, longest, end, muted } = this.#codec;
    const { prompt = "", length = longest, temperature, topK, topP, seed, logits, signal, ...condition } = readOptions(
      "generate",
      GENERATE,
      options,
    );
    const { first, vector } = this.#codec.encodeCondition(condition, "the condition");
    const begun = new Prompt(vocabulary, prompt), { ids: written } = begun;
    const { parameters } = this.#model;
    const steps = vector.length ? decode(parameters.now, vector, { batch: 1 }) : parameters.now.stream();
    const read = (token: number) => {
      parameters.refresh(); // The net of `steps` gets the parameters of this moment.
      return steps.step([token]);
    };
    const reader = {
      skip(tokens: ArrayLike<number>, from: number) {
        read(tokens[from]);
        return 1;
      },
      scores(token: number, temperature: number) {
        const logits = read(token);
        for (const id of muted) logits[id] = -Infinity;
        if (temperature === 0) return logits;
        return softmax(logits, temperature);
      },
    };
    const drawOptions = {
      temperature,
      topK,
      topP,
      seed,
      logits,
      signal,
      length: Math.max(0, length - written.length),
      end,
    };
    const write = begun.writer();
    for await (const token of drawTokens(reader, [first, ...written], drawOptions)) yield write(token);
  }

  /** The text that `generate` writes, whole. */
  async write(options: SequenceGenerateOptions = {}): Promise<string> {
    return await joined(this.generate(options));
  }
}

/**
 * Embedding, recurrent layers, dense layer to the logits; with a vector, behind an encoder that passes the vector on.
 */
function generatorNet(description: GeneratorDescription): Layer {
  const { cell, hidden, embedding: width, dropout: rate } = description;
  const { inputs, classes, vector } = new GeneratorCodec(description);
  const states = cell.states(hidden[hidden.length - 1]);
  const output = Object.values(states)[0];
  const decoder = sequential({
    embedding: embedding(inputs, width),
    ...rate && { dropout: dropout(width, rate) },
    rnn: recurrent(cell, { input: width, hidden, dropout: rate }),
    ...rate && { dropout_output: dropout(output, rate) },
    output: dense(output, classes),
  });
  if (!vector) return decoder;
  const encoder = conditioning(vector, Object.keys(states).length * hidden.length);
  return encoderDecoder({ encoder, decoder, bridge: "dense" });
}
