import { OptionError, requireInteger } from "../errors.ts";
import { Generator } from "../random/generator.ts";
import { mostProbable, sample, truncate } from "../text/sampling.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { beamSearch } from "./beam_search.ts";
import type { States } from "../runtime/packed_batch.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import type { Session } from "../session/session.ts";

/** Options of `LanguageModel.generate`. */
export interface GenerateOptions {
  /**
   * Text to go on from, or its tokens; not repeated in the output. Default: `<bos>`, or a line break, or the first
   * token, whichever the vocabulary has.
   */
  prompt?: string | readonly string[];
  /** Tokens to write at most. Default 200. */
  length?: number;
  /** Divides the logits: below 1 bolder, above 1 wilder, 0 always the most probable token. Default 1. */
  temperature?: number;
  /** Draw from so many of the most probable tokens: see `truncate`. Default all. */
  topK?: number;
  /** Draw from the fewest of the most probable tokens that have this share: see `truncate`. Default 1, all. */
  topP?: number;
  /** Texts that end the writing: it ends with the token that completes one of them. Default none. */
  stop?: readonly string[];
  /** Seed of the draws. Default 0. */
  seed?: number;
}

/** Options of `LanguageModel.beamSearch`. */
export interface SearchOptions extends Pick<GenerateOptions, "prompt"> {
  /** Hypotheses that are kept from token to token, and continuations that are returned: 1 to 10. Default 5. */
  width?: number;
  /** Tokens of a continuation at most. Default 50. */
  length?: number;
  /** Tokens that end a continuation, and belong to it. `<eos>` always ends one. Default none. */
  stop?: readonly string[];
  /** The exponent of the length normalisation: see `beamSearch`. Default 0.6. */
  lengthPenalty?: number;
}

/** A continuation that `LanguageModel.beamSearch` found. */
export interface Continuation {
  /** The text, without the prompt and `<eos>`. */
  readonly text: string;
  /** Natural logarithm of its probability after the prompt. */
  readonly logProbability: number;
  /** The same with length normalisation: what continuations are ranked by. */
  readonly score: number;
}

/** Text, a token per piece. The session may change between two of them, when a training begins. */
export async function* generate(
  session: () => Session,
  vocabulary: Vocabulary,
  { prompt, length = 200, temperature = 1, topK, topP, stop = [], seed = 0 }: GenerateOptions,
): AsyncGenerator<string, void, void> {
  requireInteger("length", length, 0);
  if (!(temperature >= 0)) throw new OptionError(`"temperature" must be a number >= 0, got ${temperature}`);
  if (stop.includes("")) throw new OptionError(`Every element of "stop" must be a text that is not empty, got ""`);
  // Out of range is out of range, even where nothing is drawn.
  truncate(Float32Array.of(1), { topK, topP });
  const draws = new Generator(seed), mute = unwritten(vocabulary), end = vocabulary.id("<eos>");
  let x = start(vocabulary, prompt), states: States | "zero" = "zero", text = "";
  using loop = new EventLoop();
  for (; x.length > 1; x = x.subarray(1)) {
    session().forward(x.subarray(0, 1), { batch: 1, states });
    states = session().states();
  }
  for (let i = 0; i < length; i++) {
    await loop.turn();
    const greedy = temperature === 0, call = { batch: 1, states };
    const scores = greedy ? session().forward(x, call) : session().probabilities(x, { ...call, temperature });
    for (const id of mute) scores[id] = greedy ? -Infinity : 0;
    const token = greedy ? mostProbable(scores) : sample(truncate(scores, { topK, topP }), draws.uniform());
    if (token === end) return;
    states = session().states();
    x = Int32Array.of(token);
    const piece = vocabulary.separator + vocabulary.decode(x), before = text.length;
    text += piece;
    yield piece;
    if (stop.some((part) => text.includes(part, Math.max(0, before - part.length + 1)))) return;
  }
}

/** Continuations by beam search, the best first. */
export async function continuations(
  session: Session,
  vocabulary: Vocabulary,
  { prompt, width = 5, length = 50, stop = [], lengthPenalty }: SearchOptions,
): Promise<Continuation[]> {
  requireInteger("width", width, 1, session.batch);
  const end = vocabulary.id("<eos>"),
    options = {
      length,
      lengthPenalty,
      stop: [...stop.map((token) => requireToken(vocabulary, token)), ...end === undefined ? [] : [end]],
      without: unwritten(vocabulary),
    };
  const found = await beamSearch(session.stream({ batch: width }), start(vocabulary, prompt), options);
  return found.map(({ tokens, logProbability, score }) => {
    const text = vocabulary.decode(tokens.filter((token) => token !== end));
    return { text: text && vocabulary.separator + text, logProbability, score };
  });
}

/** Pieces as a stream: each is made when it is asked for; who cancels the stream ends their making. */
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

function start(vocabulary: Vocabulary, prompt: string | readonly string[] = ""): Int32Array {
  if (prompt.length > 0) {
    const tokens = vocabulary.encode(prompt);
    if (tokens.length > 0) return tokens;
  }
  return Int32Array.of(vocabulary.id("<bos>") ?? vocabulary.id("\n") ?? 0);
}

/** Special tokens that no text has. */
function unwritten(vocabulary: Vocabulary): number[] {
  return ["<unk>", "<pad>", "<bos>"].map((token) => vocabulary.id(token)).filter((id) => id !== undefined);
}

function requireToken(vocabulary: Vocabulary, token: string): number {
  const id = vocabulary.id(token);
  if (id !== undefined) return id;
  throw new OptionError(
    `Every element of "stop" of a search must be one token of the vocabulary, got ${JSON.stringify(token)}`,
  );
}
