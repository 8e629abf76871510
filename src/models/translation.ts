import { requireInteger } from "../errors.ts";
import { logSoftmax } from "../training/log_softmax.ts";
import { beamSearch } from "../decoding/beam_search.ts";
import { decode } from "../runtime/decoder.ts";
import type { EventLoop } from "../runtime/event_loop.ts";
import type { Translation, TranslationSearchOptions } from "./seq2seq_options.ts";
import type { Target } from "./seq2seq_tokens.ts";
import type { Session } from "../session/session.ts";

/**
 * The most probable token at every step, for all sources: in batches of about one length, each until all of its rows have ended. The
 * session may change between two batches, when a training begins.
 */
export async function translateGreedily(
  session: () => Session,
  sources: readonly Int32Array[],
  target: Target,
  { length = target.longest, signal }: { length?: number; signal?: AbortSignal },
  loop: EventLoop,
): Promise<Translation[]> {
  requireInteger("length", length, 1);
  const order = Array.from(sources, (_, i) => i).sort((a, b) => sources[a].length - sources[b].length);
  const found = new Array<Translation>(sources.length), { batch } = session();
  for (let from = 0; from < order.length; from += batch) {
    await loop.turn();
    signal?.throwIfAborted();
    const members = order.slice(from, from + batch);
    greedy(session(), members.map((i) => sources[i]), target, length).forEach((one, b) => found[members[b]] = one);
  }
  return found;
}

/** Of one batch. */
function greedy(session: Session, sources: readonly Int32Array[], target: Target, length: number): Translation[] {
  const B = sources.length, { x, lengths } = padded(sources), decoder = decode(session, x, { batch: B, lengths });
  const rows = Array.from({ length: B }, () => ({ ids: [] as number[], logProbability: 0, ended: false }));
  const tokens = new Int32Array(B).fill(target.begin), logits = new Float32Array(B * target.classes);
  for (let t = 0; t < length && rows.some(({ ended }) => !ended); t++) {
    decoder.step(tokens, logits);
    rows.forEach((row, b) => {
      if (row.ended) return;
      const values = logSoftmax(logits.subarray(b * target.classes, (b + 1) * target.classes));
      for (const id of target.mute) values[id] = -Infinity;
      const token = tokens[b] = values.reduce((best, value, id) => value > values[best] ? id : best, 0);
      row.logProbability += values[token];
      if (token === target.end) row.ended = true;
      else row.ids.push(token);
    });
  }
  return rows.map((row) => ({ ...row, text: target.text(row.ids) }));
}

/** Translations by beam search, the best first. */
export async function searchTranslations(
  session: Session,
  source: Int32Array,
  target: Target,
  { width = 5, length = target.longest, lengthPenalty }: TranslationSearchOptions,
): Promise<Translation[]> {
  requireInteger("width", width, 1, session.batch);
  const { x } = padded(new Array<Int32Array>(width).fill(source)), decoder = decode(session, x, { batch: width });
  const options = { length, lengthPenalty, stop: [target.end], without: target.mute };
  const found = await beamSearch(decoder, [target.begin], options);
  return found.map(({ tokens, logProbability }) => {
    const ended = tokens.at(-1) === target.end, ids = ended ? tokens.slice(0, -1) : tokens;
    return { ids, text: target.text(ids), logProbability, ended };
  });
}

/** Sources side by side, `[S, B]`. */
function padded(sources: readonly Int32Array[]): { x: Int32Array; lengths: number[] } {
  const B = sources.length, lengths = sources.map(({ length }) => length);
  const x = new Int32Array(Math.max(...lengths) * B);
  sources.forEach((source, b) => source.forEach((id, t) => x[t * B + b] = id));
  return { x, lengths };
}
