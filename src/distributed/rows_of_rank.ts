import type { States } from "../runtime/packed_batch.ts";
import type { Shard } from "../ops/value.ts";
import type { Batch, Layout } from "../training/data/batch.ts";

/** A rank's rows of a batch. */
export interface RankBatch {
  readonly batch: Batch;
  /** Where they are in the whole batch. */
  readonly rows: Shard;
  /** The same rows of states of the whole batch. */
  take(states: States): States;
}

/**
 * The rows of a batch of B that a rank has: rank, rank + size, rank + 2 size, ..., so that batches sorted by length are
 * shared out evenly, and a row that carries its state stays where it is. A rank without any takes row 0, with weight 0.
 */
export function rowsOfRank(batch: Batch, layout: Layout, B: number, rank: number, size: number): RankBatch {
  const isSpare = rank >= B, mine = isSpare ? [0] : range(rank, B, size);
  const { x, y, lengths, decoderInput, weights, targetLengths } = batch,
    { columns, decoder, targets, batchFirst } = layout;
  const rows = (data: ArrayLike<number>, columns: number) => take(data, mine, B, columns, batchFirst);
  const perRow = (data: ArrayLike<number> | undefined) => data && mine.map((b) => data[b]);
  const T = (decoder ? decoderInput!.length / decoder.columns : x.length / columns) / B;
  const targetsEach = targets === "step" ? y.length / (T * B) : y.length / B;
  const part: Batch = {
    x: rows(x, columns),
    decoderInput: decoderInput && rows(decoderInput, decoder!.columns),
    lengths: perRow(lengths),
    batch: mine.length,
    targetLengths: perRow(targetLengths),
    y: targets === "labels"
      ? labels(batch, mine, B)
      : targets === "step"
      ? rows(y, targetsEach)
      : take(y, mine, B, targetsEach, true),
    weights: isSpare ? [0] : weights && (weights.length === B ? perRow(weights) : rows(weights, 1)),
  };
  return {
    batch: part,
    rows: { B, rows: places(lengths, B, mine) },
    take: (states) => mapStates(states, (data) => take(data, mine, B, data.length / B, true) as Float32Array),
  };
}

/** States of all rows, from those of each rank's, which `ofRank` has. */
export function joinStates(own: States, B: number, size: number, ofRank: (rank: number) => States): States {
  const all = Array.from({ length: Math.min(size, B) }, (_, rank) => ofRank(rank));
  return Object.fromEntries(
    Object.keys(own).map((name) => {
      const width = all[0][name].length / range(0, B, size).length, whole = new Float32Array(B * width);
      all.forEach((states, rank) =>
        range(rank, B, size).forEach((b, i) => whole.set(states[name].subarray(i * width, (i + 1) * width), b * width))
      );
      return [name, whole];
    }),
  );
}

/** from, from + step, ..., below to. */
export function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
}

/** Where rows are when all are sorted by length, as a session sorts them. */
function places(lengths: ArrayLike<number> | undefined, B: number, mine: readonly number[]): number[] {
  if (!lengths) return [...mine];
  const order = range(0, B, 1).sort((a, b) => lengths[b] - lengths[a]), place = new Int32Array(B);
  order.forEach((b, p) => place[b] = p);
  return mine.map((b) => place[b]);
}

/** Rows of `[T, B, columns]`, or of `[B, T, columns]` as a session that is batch-first has it. */
function take(data: ArrayLike<number>, mine: readonly number[], B: number, columns: number, batchFirst: boolean) {
  const T = data.length / (B * columns), n = mine.length;
  // What is no number, or does not divide into rows, is for the session to refuse.
  if (!Number.isInteger(T) || !Number.isInteger(columns)) return data;
  const to = data instanceof Float32Array ? new Float32Array(T * n * columns) : new Float64Array(T * n * columns);
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < n; i++) {
      const [from, at] = batchFirst ? [mine[i] * T + t, i * T + t] : [t * B + mine[i], t * n + i];
      for (let c = 0; c < columns; c++) to[at * columns + c] = data[from * columns + c];
    }
  }
  return to;
}

/** Labels of `ctc`: one behind the other, or in rows of one length. */
function labels({ y, targetLengths }: Batch, mine: readonly number[], B: number): ArrayLike<number> {
  const total = targetLengths && Array.from(targetLengths).reduce((a, b) => a + b, 0);
  if (total !== y.length) return take(y, mine, B, y.length / B, true);
  let end = 0;
  const starts = Array.from(targetLengths!, (length) => (end += length) - length);
  return mine.flatMap((b) => range(starts[b], starts[b] + targetLengths![b], 1).map((i) => y[i]));
}

function mapStates(states: States, change: (data: Float32Array) => Float32Array): States {
  return Object.fromEntries(Object.entries(states).map(([name, data]) => [name, change(data)]));
}
