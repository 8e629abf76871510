import { beamSearch } from "../../decoding/beam_search.ts";
import { requireInteger } from "../../errors.ts";
import { count, nonNegative, signal, type Table } from "../../options.ts";
import type { CompiledNet } from "../../runtime/compiled_net.ts";
import { decode } from "../../runtime/decoder.ts";
import { turn } from "../../runtime/event_loop.ts";
import { mostProbable } from "../../text/sampling.ts";
import { logSoftmax } from "../../training/log_softmax.ts";
import type { RunnableModel } from "./model.ts";
import type { NetPool } from "./net_pool.ts";
import { MOST_ROWS, sizeFor } from "./pieces.ts";
import { padded, type PaddedBatch, runBatches, type TargetCodec } from "./sequences.ts";

/** Options of `Seq2Seq.translate`. */
export interface TranslateOptions {
  /**
   * Maximum number of tokens of a translation.
   *
   * @default the model's `longest` of a target
   */
  length?: number;
  /** Ends the translation between two steps, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** The options of `translate`. */
export const TRANSLATE = { length: [count], signal: [signal] } satisfies Table<TranslateOptions>;

/** Options of `Seq2Seq.beamSearch`. */
export interface TranslationSearchOptions {
  /**
   * Width of the beam, and maximum number of translations returned.
   *
   * @default {5}
   */
  width?: number;
  /**
   * Maximum number of tokens of a translation.
   *
   * @default the model's `longest` of a target
   */
  length?: number;
  /**
   * Exponent of the length normalisation: see `beamSearch`.
   *
   * @default {0.6}
   */
  lengthPenalty?: number;
  /** Ends the search between two steps, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** The options of `beamSearch`. */
export const SEARCH = {
  width: [count],
  length: [count],
  lengthPenalty: [nonNegative],
  signal: [signal],
} satisfies Table<TranslationSearchOptions>;

/** A sequence that a model has written. */
export interface Translation {
  /** Ids of the tokens, without the end. */
  readonly ids: number[];
  /** The text of the ids; without a vocabulary the ids, separated by spaces. */
  readonly text: string;
  /** Natural logarithm of the probability of the tokens, and of the end if the translation has ended. */
  readonly logProbability: number;
  /** Whether the model wrote the end; false when `length` cut the translation off. */
  readonly ended: boolean;
}

/** Translate sources by the most probable token at every step, in batches of similar length. */
export async function translateGreedily(
  { nets, running }: Pick<RunnableModel, "nets" | "running">,
  sources: readonly Int32Array[],
  target: TargetCodec,
  { length = target.longest, signal }: TranslateOptions,
): Promise<Translation[]> {
  requireInteger("length", length, 1);
  if (!sources.length) return [];
  const longest = sources.reduce((most, source) => Math.max(most, source.length), 1);
  const size = { ...sizeFor(sources.length, longest, running), decoderSteps: 1 };
  return await nets.run(size, (net) => {
    return runBatches(sources, { batch: size.batch, signal }, (members) => {
      return translateBatch(net, padded(members, 1), target, { length, signal });
    });
  });
}

/** Translate one batch until all of its rows have ended. */
async function translateBatch(
  net: CompiledNet,
  { x, batch: B, lengths }: PaddedBatch,
  target: TargetCodec,
  { length, signal }: { length: number; signal?: AbortSignal },
): Promise<Translation[]> {
  const { classes } = target;
  const decoder = decode(net, x, { batch: B, lengths });
  const rows = Array.from({ length: B }, () => ({ ids: [] as number[], logProbability: 0, ended: false }));
  const tokens = new Int32Array(B).fill(target.begin);
  const logits = new Float32Array(B * classes);
  for (let t = 0; t < length && rows.some(({ ended }) => !ended); t++) {
    await turn();
    signal?.throwIfAborted();
    decoder.step(tokens, logits);
    rows.forEach((row, b) => {
      if (row.ended) return;
      const values = logSoftmax(logits.subarray(b * classes, (b + 1) * classes));
      for (const id of target.muted) values[id] = -Infinity;
      const token = tokens[b] = mostProbable(values);
      row.logProbability += values[token];
      if (token === target.end) row.ended = true;
      else row.ids.push(token);
    });
  }
  return rows.map((row) => ({ ...row, text: target.text(row.ids) }));
}

/** Translations by beam search, the best first. */
export async function searchTranslations(
  nets: NetPool,
  source: Int32Array,
  target: TargetCodec,
  { width = 5, length = target.longest, lengthPenalty, signal }: TranslationSearchOptions,
): Promise<Translation[]> {
  requireInteger("width", width, 1, MOST_ROWS);
  const { x } = padded(new Array<Int32Array>(width).fill(source), 1);
  const options = { length, lengthPenalty, stop: [target.end], without: target.muted, signal };
  const found = await nets.run({ batch: width, steps: source.length, decoderSteps: 1 }, (net) => {
    return beamSearch(decode(net, x, { batch: width }), [target.begin], options);
  });
  return found.map(({ tokens, logProbability }) => {
    const ended = tokens.at(-1) === target.end;
    const ids = ended ? tokens.slice(0, -1) : tokens;
    return { ids, text: target.text(ids), logProbability, ended };
  });
}
