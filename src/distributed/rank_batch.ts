import type { Arrays, Shard } from "../ops/value.ts";
import type { States } from "../runtime/packed_batch.ts";
import { type Batch, type Layout, targetRows } from "../training/data/batch.ts";
import { dataOf, inputsOf, joined, targetsOf } from "../training/data/tensors.ts";

/** The part of a batch that one rank computes. */
export interface RankBatch {
  /** The rank's rows. */
  readonly batch: Batch<Arrays>;
  /** The positions of these rows in the whole batch. */
  readonly shard: Shard;
  /** The rank's rows of states of the whole batch. */
  takeStates(states: States): States;
}

/**
 * The rows of a batch of B rows that a rank computes: rank, rank + size, rank + 2 size, ... So every rank gets long and
 * short rows of a batch that is sorted by length, and a row that carries its states stays on its rank. A rank without
 * rows (rank >= B) computes row 0 with weight 0.
 */
export function rankBatch(batch: Batch<Arrays>, layout: Layout, B: number, rank: number, size: number): RankBatch {
  const isEmpty = rank >= B;
  const rows = isEmpty ? [0] : range(rank, B, size);
  const { x, y, lengths, decoderInput, weights, targetLengths } = batch;
  const { decoder, batchFirst } = layout, inputs = inputsOf(layout);
  const takeSteps = (data: ArrayLike<number>, columns: number) => takeRows(data, rows, B, columns, batchFirst);
  const takeElements = (data: ArrayLike<number> | undefined) => data && rows.map((b) => data[b]);
  /** The array of one of several; weights and lengths of labels may be one array for all outputs. */
  const of = (data: Arrays | undefined, name: string | undefined) =>
    (typeof data?.length === "number" ? data : dataOf(data, name)) as ArrayLike<number> | undefined;
  const steps = inputs.map(([name, { isOne, columns }]) => isOne ? 1 : of(x, name)!.length / columns / B);
  const T = decoder ? decoderInput!.length / decoder.columns / B : Math.max(...steps);
  const targets = targetsOf(layout).map(([name, { targets }]) => {
    const data = of(y, name)!, ownWeights = of(weights, name), ownLengths = of(targetLengths, name);
    const output = name === undefined ? layout.net?.output : layout.net!.output.named![name];
    const net = output && { ...layout.net!, output };
    const columns = data.length / B / (decoder && targets === "step" ? T : targetRows({ targets, net }, T));
    return {
      name,
      y: targets === "labels"
        ? takeLabels(data, ownLengths, rows, B)
        : targets === "step"
        ? takeSteps(data, columns)
        : takeRows(data, rows, B, columns, true),
      weights: isEmpty
        ? [0]
        : ownWeights && (ownWeights.length === B ? takeElements(ownWeights) : takeSteps(ownWeights, 1)),
      targetLengths: takeElements(ownLengths),
    };
  });
  /** A part of the targets: of several outputs by name. */
  const part = (key: "y" | "weights" | "targetLengths") =>
    joined(targets.map((target) => [target.name, target[key]] as const)) as Arrays;
  const shardBatch: Batch<Arrays> = {
    x: joined(inputs.map(([name, { columns }]) => [name, takeSteps(of(x, name)!, columns)] as const)),
    decoderInput: decoderInput && takeSteps(decoderInput, decoder!.columns),
    lengths: takeElements(lengths),
    batch: rows.length,
    targetLengths: targetLengths && part("targetLengths"),
    y: part("y"),
    weights: isEmpty || weights ? part("weights") : undefined,
  };
  return {
    batch: shardBatch,
    shard: { B, rows: sortedPositions(lengths, B, rows) },
    takeStates: (states) =>
      Object.fromEntries(
        Object.entries(states).map(([name, data]) => {
          return [name, takeRows(data, rows, B, data.length / B, true) as Float32Array];
        }),
      ),
  };
}

/** The states of all B rows, from those of the ranks that have rows. `shards[rank]` are the states of its rows. */
export function joinStates(shards: readonly States[], B: number, size: number): States {
  return Object.fromEntries(
    Object.entries(shards[0]).map(([name, { length }]) => {
      const width = length / range(0, B, size).length;
      const joined = new Float32Array(B * width);
      shards.forEach((states, rank) => {
        range(rank, B, size).forEach((b, i) => {
          joined.set(states[name].subarray(i * width, (i + 1) * width), b * width);
        });
      });
      return [name, joined];
    }),
  );
}

/** start, start + step, ..., below end. */
export function range(start: number, end: number, step: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
}

/** The positions of rows when all B rows are sorted by descending length, as a session sorts them. */
function sortedPositions(lengths: ArrayLike<number> | undefined, B: number, rows: readonly number[]): number[] {
  if (!lengths) return [...rows];
  const order = range(0, B, 1).sort((a, b) => lengths[b] - lengths[a]);
  const positions = new Int32Array(B);
  order.forEach((b, position) => positions[b] = position);
  return rows.map((b) => positions[b]);
}

/** Rows of an array `[T, B, columns]`, or `[B, T, columns]` when batch-first. */
function takeRows(
  data: ArrayLike<number>,
  rows: readonly number[],
  B: number,
  columns: number,
  batchFirst: boolean,
): ArrayLike<number> {
  const T = data.length / (B * columns);
  const n = rows.length;
  // The session's own checks refuse an array that does not divide into rows.
  if (!Number.isInteger(T) || !Number.isInteger(columns)) return data;
  const length = T * n * columns;
  const taken = data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < n; i++) {
      const [from, to] = batchFirst ? [rows[i] * T + t, i * T + t] : [t * B + rows[i], t * n + i];
      for (let c = 0; c < columns; c++) taken[to * columns + c] = data[from * columns + c];
    }
  }
  return taken;
}

/** The labels of `ctc` of some rows: concatenated (as many as the sum of `targetLengths`), or padded `[B, S]`. */
function takeLabels(
  y: ArrayLike<number>,
  targetLengths: ArrayLike<number> | undefined,
  rows: readonly number[],
  B: number,
): ArrayLike<number> {
  const total = targetLengths && Array.from(targetLengths).reduce((a, b) => a + b, 0);
  if (total !== y.length) return takeRows(y, rows, B, y.length / B, true);
  let end = 0;
  const starts = Array.from(targetLengths!, (length) => (end += length) - length);
  return rows.flatMap((b) => range(starts[b], starts[b] + targetLengths![b], 1).map((i) => y[i]));
}
