import { OptionError } from "../errors.ts";
import {
  anything,
  count,
  extended,
  natural,
  nonNegative,
  type Read,
  readOptions,
  signal,
  type Table,
  texts,
} from "../options.ts";
import type { CompiledNet } from "../runtime/compiled_net.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { beamSearch } from "./beam_search.ts";
import { type GivenPrompt, promptOf } from "./prompt.ts";
import { DRAW, type DrawOptions, drawTokens, mutedTokens, type TokenReader } from "./token_draws.ts";
import { readBeforeLast, TextReader } from "./text_reader.ts";

/** Options of `LanguageModel.generate`. */
export interface GenerateOptions extends DrawOptions {
  /**
   * Text to continue, or its tokens, or what `read` has read. The output does not repeat the prompt. A space at the end
   * makes no difference to what follows, except in models of characters.
   *
   * @default `<bos>`, a line break or the first token: the first of these that the vocabulary has
   */
  prompt?: GivenPrompt;
  /**
   * Maximum number of tokens to write.
   *
   * @default {200}
   */
  length?: number;
  /**
   * Texts that end the writing: the last token written is the one that completes a stop text.
   *
   * @default none
   */
  stop?: readonly string[];
}

const GENERATE = /* @__PURE__ */ extended(DRAW, {
  prompt: [anything],
  length: [natural, 200],
  stop: [texts, []],
}) satisfies Table<GenerateOptions>;

/** Options of `LanguageModel.beamSearch`. */
export interface SearchOptions extends Pick<GenerateOptions, "prompt"> {
  /**
   * Width of the beam, and maximum number of continuations returned: 1 to 10.
   *
   * @default {5}
   */
  width?: number;
  /**
   * Maximum number of tokens of a continuation.
   *
   * @default {50}
   */
  length?: number;
  /**
   * Tokens that end a continuation and belong to the continuation. `<eos>` always ends one.
   *
   * @default none
   */
  stop?: readonly string[];
  /**
   * Exponent of the length normalisation: see `beamSearch`.
   *
   * @default {0.6}
   */
  lengthPenalty?: number;
  /** Ends the search between two tokens or pieces of the prompt, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** The options of `LanguageModel.beamSearch`. */
export const SEARCH = {
  prompt: [anything],
  width: [count, 5],
  length: [count, 50],
  stop: [texts, []],
  lengthPenalty: [nonNegative],
  signal: [signal],
} satisfies Table<SearchOptions>;

/** A continuation that `LanguageModel.beamSearch` found. */
export interface Continuation {
  /** The text, without the prompt and `<eos>`. */
  readonly text: string;
  /** Natural logarithm of the probability of the continuation after the prompt. */
  readonly logProbability: number;
  /** `logProbability` with length normalisation. Continuations are ranked by their scores. */
  readonly score: number;
}

/** The largest width of a search. */
export const MOST_WIDTH = 10;

/**
 * Generate text, one token a piece. `current` gives the net for each step: its parameters may change between two
 * pieces, when a training runs.
 *
 * @throws {OptionError} When an option is out of range.
 */
export async function* generate(
  current: () => CompiledNet,
  vocabulary: Vocabulary,
  options: GenerateOptions,
): AsyncGenerator<string, void, void> {
  const { prompt, length, stop, ...drawOptions } = readOptions("generate", GENERATE, options);
  if (stop.includes("")) throw new OptionError(`Every element of "stop" must be a text that is not empty, got ""`);
  const muted = mutedTokens(vocabulary);
  const given = promptOf(vocabulary, prompt), { ids, read } = given;
  const reader = new TextReader(current, given.states);
  const tokens: TokenReader = {
    skip: (tokens, from, to) => reader.skip(tokens, from, to),
    scores(token, temperature) {
      const scores = reader.read(token, temperature);
      for (const id of muted) scores[id] = temperature === 0 ? -Infinity : 0;
      return scores;
    },
  };
  const draws = { ...drawOptions, length, read, end: vocabulary.id("<eos>") };
  const write = given.writer();
  let text = "";
  for await (const token of drawTokens(tokens, ids, draws)) {
    const piece = write(token);
    const before = text.length;
    text += piece;
    yield piece;
    if (stop.some((part) => text.includes(part, Math.max(0, before - part.length + 1)))) return;
  }
}

/**
 * Continuations by beam search, the best first. The net is that of the search alone.
 *
 * @throws {OptionError} When an option is out of range.
 */
export async function continuations(
  net: CompiledNet,
  vocabulary: Vocabulary,
  { prompt, width, length, stop, lengthPenalty, signal }: Read<typeof SEARCH>,
): Promise<Continuation[]> {
  const end = vocabulary.id("<eos>");
  const stopTokens = stop.map((token) => requireToken(vocabulary, token));
  if (end !== undefined) stopTokens.push(end);
  const search = { length, lengthPenalty, stop: stopTokens, without: mutedTokens(vocabulary), signal };
  const given = promptOf(vocabulary, prompt), { states } = await readBeforeLast(() => net, given, signal);
  const stream = net.stream({ batch: width, states: repeated(states, width) });
  const found = await beamSearch(stream, given.ids.subarray(-1), search);
  return found.map(({ tokens, logProbability, score }) => {
    const text = tokens.filter((token) => token !== end).map(given.writer()).join("");
    return { text, logProbability, score };
  });
}

/** The states of one row, so many times. */
function repeated(states: States | "zero", rows: number): States | "zero" {
  if (states === "zero") return states;
  const repeat = (state: Float32Array) =>
    Float32Array.from({ length: rows * state.length }, (_, i) => state[i % state.length]);
  return Object.fromEntries(Object.entries(states).map(([name, state]) => [name, repeat(state)]));
}

/** All pieces as one text. */
export async function joined(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

/** Pieces as a stream: each read makes one piece, and cancelling the stream ends the generator. */
export function readable<Piece>(pieces: AsyncGenerator<Piece, void, void>): ReadableStream<Piece> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return();
    },
  }, { highWaterMark: 0 });
}

function requireToken(vocabulary: Vocabulary, token: string): number {
  const id = vocabulary.id(token);
  if (id !== undefined) return id;
  throw new OptionError(
    `Every element of "stop" of a search must be one token of the vocabulary, got ${JSON.stringify(token)}`,
  );
}
