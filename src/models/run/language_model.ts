import type { Cell } from "../../cells/cell.ts";
import {
  type Continuation,
  continuations,
  generate,
  type GenerateOptions,
  joined,
  MOST_WIDTH,
  readable,
  SEARCH,
  type SearchOptions,
} from "../../decoding/generate.ts";
import type { Prompt } from "../../decoding/prompt.ts";
import { next, type NextToken, read, score, type ScoreOptions, type TextScore } from "../../decoding/score.ts";
import { textStates } from "../../decoding/text_reader.ts";
import { OptionError, requireInteger } from "../../errors.ts";
import { dense } from "../../layers/dense.ts";
import { dropout } from "../../layers/dropout.ts";
import { embedding, oneHot } from "../../layers/embedding.ts";
import type { Layer } from "../../layers/layer.ts";
import { recurrent } from "../../layers/recurrent.ts";
import { sequential } from "../../layers/sequential.ts";
import type { Vocabulary } from "../../text/vocabulary.ts";
import { count, flag, rate, readOptions, RUN } from "../../options.ts";
import { list, optional, vocabulary } from "./description.ts";
import { type ModelKind, ModelRunner, type RunnableModel } from "./model.ts";
import type { ModelDescription } from "./model_file.ts";
import { PIECE } from "./pieces.ts";

/** All that makes up a language model. */
export interface LanguageModelDescription extends ModelDescription {
  /** Hidden size of each layer, bottom to top. */
  readonly hidden: readonly number[];
  /** Width of the embedding; undefined: tokens are one-hot vectors. */
  readonly embedding?: number;
  /** Whether the weight of the decoder is the weight of the embedding. */
  readonly tied?: boolean;
  /** Rate of dropout. */
  readonly dropout?: number;
  /** The tokens. */
  readonly vocabulary: Vocabulary;
}

/** The kind of a language model. */
export const LANGUAGE_MODEL: ModelKind<LanguageModelDescription> = {
  name: "language model",
  values: () => ({
    hidden: list(count, 1),
    embedding: optional(count),
    tied: optional(flag),
    dropout: optional(rate),
    vocabulary,
  }),
  net: (description) => languageNet(description, "sequence"),
  runningNet: (description) => languageNet(description, "last"),
  size: () => ({ batch: 1, steps: PIECE }),
};

/** Steps in which a beam search reads its prompt. */
const PROMPT_STEPS = 64;

/**
 * A saved `LanguageModel` to run, not to train: `generate`, `beamSearch` and `states` with the same results. Any number
 * of calls may run at once. While a `LanguageModel` is trained, `generate` and `states` take the new parameters between
 * two tokens; a beam search keeps those that it began with.
 */
export class LanguageModelRunner extends ModelRunner {
  /** The tokens that the model knows. */
  readonly vocabulary: Vocabulary;
  readonly #model: RunnableModel<LanguageModelDescription>;

  /** Runners are made by `loadLanguageModel`. */
  constructor(model: RunnableModel<LanguageModelDescription>) {
    super(model);
    this.#model = model;
    this.vocabulary = model.description.vocabulary;
  }

  /**
   * Write text, one token a piece: the lecture notes' sampling, "Language model and sequence generation". The same seed
   * gives the same text; the default seed is 0, so another text needs another `seed`. `<eos>` ends the text; `<unk>`,
   * `<pad>` and `<bos>` are never written.
   *
   * @throws {OptionError} When the prompt has unknown characters, or an option is out of range.
   */
  generate(options: GenerateOptions = {}): AsyncGenerator<string, void, void> {
    return generate(() => this.#model.parameters.now, this.vocabulary, options);
  }

  /** The text that `generate` writes, whole. */
  async write(options: GenerateOptions = {}): Promise<string> {
    return await joined(this.generate(options));
  }

  /**
   * The pieces of `generate` as a stream: `new Response(model.generateStream().pipeThrough(new TextEncoderStream()))`.
   * Each read makes one piece, and throws what `generate` throws. Cancelling the stream ends the writing.
   */
  generateStream(options: GenerateOptions = {}): ReadableStream<string> {
    return readable(this.generate(options));
  }

  /**
   * Search for the most probable continuations by beam search: see `beamSearch`. The best comes first; there are at
   * most `width`.
   *
   * @throws {OptionError} When the prompt has unknown characters, or an option is out of range.
   */
  async beamSearch(options: SearchOptions = {}): Promise<Continuation[]> {
    const search = readOptions("beamSearch", SEARCH, options);
    const size = { batch: requireInteger("width", search.width, 1, MOST_WIDTH), steps: PROMPT_STEPS };
    return await this.#model.nets.run(size, (net) => continuations(net, this.vocabulary, search));
  }

  /**
   * The probability of a text behind a prompt, and of each of its tokens: what `generate` writes at temperature 1 with
   * this probability. `evaluate` of a `LanguageModel` measures long texts faster.
   *
   * @throws {OptionError} When the text is empty or has unknown characters.
   *
   * @example
   * ```ts
   * import { LanguageModel } from "@unroll/rnn";
   * import { assert } from "@std/assert";
   *
   * const text = "to be or not to be, ".repeat(40);
   * const model = await LanguageModel.create(text, { hidden: 32, layers: 1 });
   * await model.fit(text, { batch: 4, unroll: 20, epochs: 10 });
   * const known = await model.score("not to be", { prompt: "to be or " });
   * const unknown = await model.score("be ton to", { prompt: "to be or " });
   * assert(known.logProbability > unknown.logProbability);
   * model.dispose();
   * ```
   */
  async score(text: string, options: ScoreOptions = {}): Promise<TextScore> {
    return await score(() => this.#model.parameters.now, this.vocabulary, text, options);
  }

  /**
   * The distribution of the next token behind a prompt, the most probable token first.
   *
   * @throws {OptionError} When the prompt has unknown characters.
   */
  async next(options: ScoreOptions = {}): Promise<NextToken[]> {
    return await next(() => this.#model.parameters.now, this.vocabulary, options);
  }

  /**
   * Read a text once, behind `prompt` if there is one, to write on from there any number of times: the result is a
   * `prompt` of `generate`, `write`, `beamSearch`, `score`, `next` and `read`. It keeps the states that the parameters
   * of now gave.
   *
   * @throws {OptionError} When the text has unknown characters.
   *
   * @example
   * ```ts
   * import { LanguageModel } from "@unroll/rnn";
   * import { assertEquals } from "@std/assert";
   *
   * const model = await LanguageModel.create("to be or not to be", { hidden: 16 });
   * const begun = await model.read("to be ");
   * const prompt = await model.read("or ", { prompt: begun });
   * const branches = await Promise.all([1, 2].map((seed) => model.write({ prompt, seed, length: 9 })));
   * assertEquals(branches[0], await model.write({ prompt: "to be or ", seed: 1, length: 9 }));
   * model.dispose();
   * ```
   */
  async read(text: string | readonly string[], options: ScoreOptions = {}): Promise<Prompt> {
    return await read(() => this.#model.parameters.now, this.vocabulary, text, options);
  }

  /**
   * The states after each token of a text, which is read from its beginning: `[T, H]` of each layer by name,
   * `rnn.h_l0`, in an LSTM also `rnn.c_l0`. A column is the state of one unit after each token. `signal` ends the
   * reading between two tokens, with the signal's reason as the error.
   *
   * @throws {OptionError} When the text is empty or has unknown characters.
   *
   * @example
   * ```ts
   * import { LanguageModel } from "@unroll/rnn";
   * import { assertEquals } from "@std/assert";
   *
   * const model = await LanguageModel.create("to be or not to be", { hidden: [32, 16] });
   * const states = await model.states("to be");
   * assertEquals([...states.keys()], ["rnn.h_l0", "rnn.c_l0", "rnn.h_l1", "rnn.c_l1"]);
   * assertEquals(states.get("rnn.h_l1")!.length, 5 * 16);
   * model.dispose();
   * ```
   */
  async states(
    text: string,
    options: { signal?: AbortSignal } = {},
  ): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const { signal } = readOptions("states", RUN, options);
    return await textStates(() => this.#model.parameters.now, this.vocabulary.encode(text), signal);
  }

  /** The recurrent cell of every layer. */
  get cell(): Cell {
    return this.#model.description.cell;
  }

  /** Hidden size of each layer, bottom to top. */
  get hidden(): readonly number[] {
    return this.#model.description.hidden;
  }
}

/** Width of the output of the last layer. */
export function outputWidth({ cell, hidden }: Pick<LanguageModelDescription, "cell" | "hidden">): number {
  return Object.values(cell.states(hidden[hidden.length - 1]))[0];
}

/**
 * Embedding or one-hot vectors, recurrent layers, dense layer to the logits of the vocabulary.
 *
 * @param steps Whether there are logits after each token, or after the last one alone.
 */
function languageNet(description: LanguageModelDescription, steps: "sequence" | "last"): Layer {
  const { cell, hidden, embedding: width, tied, dropout: rate = 0, vocabulary } = description;
  const V = vocabulary.size;
  const output = outputWidth(description);
  if (tied && width !== output) {
    throw new OptionError(`"embedding" must be ${output} to be tied to the decoder, got ${width}`);
  }
  // The tied weight is drawn as the decoder's: vectors of length 1 or so would give logits of the order of the width.
  const tiedNames: Record<string, string> = tied ? { "embedding.weight": "decoder.weight" } : {};
  return sequential({
    embedding: width === undefined ? oneHot(V) : embedding(V, width),
    ...rate && width && { dropout: dropout(width, rate) },
    rnn: recurrent(cell, { input: width ?? V, hidden, dropout: rate, output: steps }),
    ...rate && { dropout_rnn: dropout(output, rate) },
    decoder: dense(output, V),
  }, { tied: tiedNames });
}
