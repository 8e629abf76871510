import { OptionError } from "../errors.ts";
import { anything, readOptions, signal, type Table } from "../options.ts";
import type { CompiledNet } from "../runtime/compiled_net.ts";
import { turn } from "../runtime/event_loop.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { logSoftmax } from "../training/log_softmax.ts";
import { extendedPrompt, type GivenPrompt, type Prompt, promptOf } from "./prompt.ts";
import { readBeforeLast } from "./text_reader.ts";

/** Options of `LanguageModel.score` and `LanguageModel.next`. */
export interface ScoreOptions {
  /**
   * What stands before: a text or its tokens, or what `read` has read.
   *
   * @default `<bos>`, a line break or the first token, as in `generate`
   */
  prompt?: GivenPrompt;
  /** Ends the reading between two tokens, with the signal's reason as the error. */
  signal?: AbortSignal;
}

const SCORE = { prompt: [anything], signal: [signal] } satisfies Table<ScoreOptions>;

/** A token of a text, and how probable it was. */
export interface TokenScore {
  /** The token. */
  readonly token: string;
  /** The natural logarithm of its probability behind all tokens before. */
  readonly logProbability: number;
}

/** How probable a text is. */
export interface TextScore {
  /** The natural logarithm of the probability of the text behind the prompt: the sum over its tokens. */
  readonly logProbability: number;
  /** The tokens of the text, in order. */
  readonly tokens: readonly TokenScore[];
}

/** A token that may come next. */
export interface NextToken {
  /** The token. */
  readonly token: string;
  /** Its id in the vocabulary. */
  readonly id: number;
  /** Its probability: softmax of the logits. */
  readonly probability: number;
}

/**
 * The probability of a text, and of each of its tokens.
 *
 * @throws {OptionError} When the text is empty or has unknown characters.
 */
export async function score(
  current: () => CompiledNet,
  vocabulary: Vocabulary,
  text: string,
  options: ScoreOptions,
): Promise<TextScore> {
  const { prompt, signal } = readOptions("score", SCORE, options);
  const given = promptOf(vocabulary, prompt);
  const ids = continuation(vocabulary, given, text);
  if (!ids.length) throw new OptionError('Cannot score: "text" must have at least one token, got none');
  const reader = await readBeforeLast(current, given, signal), tokens: TokenScore[] = [];
  let sum = 0;
  for (let t = 0, last = given.ids.at(-1)!; t < ids.length; last = ids[t++]) {
    await turn();
    signal?.throwIfAborted();
    const logProbability = logSoftmax(reader.read(last))[ids[t]];
    sum += logProbability;
    tokens.push({ token: vocabulary.tokens[ids[t]], logProbability });
  }
  return { logProbability: sum, tokens };
}

/** The distribution of the next token, the most probable one first. */
export async function next(
  current: () => CompiledNet,
  vocabulary: Vocabulary,
  options: ScoreOptions,
): Promise<NextToken[]> {
  const { prompt, signal } = readOptions("next", SCORE, options);
  const given = promptOf(vocabulary, prompt);
  const probabilities = (await readBeforeLast(current, given, signal)).read(given.ids.at(-1)!, 1);
  const all = Array.from(probabilities, (probability, id) => ({ token: vocabulary.tokens[id], id, probability }));
  return all.sort((a, b) => b.probability - a.probability);
}

/** Read a text behind another one. */
export async function read(
  current: () => CompiledNet,
  vocabulary: Vocabulary,
  text: string | readonly string[],
  options: ScoreOptions,
): Promise<Prompt> {
  const { prompt, signal } = readOptions("read", SCORE, options);
  const all = extendedPrompt(vocabulary, promptOf(vocabulary, prompt), text);
  const { states } = await readBeforeLast(current, all, signal);
  return all.readTo({ states, read: all.ids.length - 1 });
}

/** The ids that a text adds to a prompt. */
function continuation(vocabulary: Vocabulary, given: Prompt, text: string): Int32Array {
  if (!given.text.length) return vocabulary.encode(text);
  const { ids } = extendedPrompt(vocabulary, given, text);
  return given.ids.every((id, i) => id === ids[i]) ? ids.subarray(given.ids.length) : vocabulary.encode(text);
}
