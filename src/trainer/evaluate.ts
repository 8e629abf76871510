import { count, flag, readOptions, refuse, requireMade, signal, type Table } from "../options.ts";
import type { Batch } from "../training/data/batch.ts";
import { TotalLoss } from "../training/losses/total_loss.ts";
import type { EvaluatedBatch, Metric } from "../training/metrics/metric.ts";
import { type BatchSource, evaluationSource, type TrainingData } from "./batches.ts";
import type { CallOptions, States } from "../runtime/packed_batch.ts";
import { turn } from "../runtime/event_loop.ts";
import type { Session } from "../session/session.ts";

/** Metrics, under names that the caller chooses. */
export type Metrics = Readonly<Record<string, Metric<unknown>>>;

/** The values of metrics, by their names. */
export type MetricValues<M extends Metrics> = {
  readonly [name in keyof M]: M[name] extends Metric<infer Value> ? Value : never;
};

/** Options of `evaluate`. */
export interface EvaluateOptions<M extends Metrics = Metrics> {
  /**
   * What to measure beside the loss: `{ accuracy: accuracy() }`.
   *
   * @default none
   */
  metrics?: M;
  /**
   * Samples of a batch.
   *
   * @default the session's `batch`
   */
  batch?: number;
  /**
   * Whether each batch starts from the last states of the batch before it.
   *
   * @default {false}
   */
  carry?: boolean;
  /**
   * Whether the moving averages are evaluated instead of the parameters.
   *
   * @default {false}
   */
  averages?: boolean;
  /** Ends the evaluation between two batches, with the signal's reason as the error. */
  signal?: AbortSignal;
}

const EVALUATE = {
  metrics: [metrics],
  batch: [count],
  carry: [flag],
  averages: [flag],
  signal: [signal],
} satisfies Table<EvaluateOptions>;

/** The check of an option that is metrics by name. */
export function metrics(name: string, value: unknown): Metrics {
  if (typeof value !== "object" || value === null) return refuse(name, "metrics by name", value);
  for (const [key, metric] of Object.entries(value)) {
    requireMade(`${name}.${key}`, metric, "start", "a metric, such as accuracy()");
  }
  return value as Metrics;
}

/** The result of `evaluate`. */
export interface Measurement<M extends Metrics = Metrics> {
  /** The loss of all batches together, reduced as the loss says. */
  readonly loss: number;
  /** The weight of all targets that count: without weights their number. */
  readonly count: number;
  /** The metrics, by their names. */
  readonly metrics: MetricValues<M>;
}

/** Measures the evaluation data of a training. */
export type Measure<M extends Metrics> = (options: EvaluateOptions<M>) => Promise<Measurement<M>>;

/**
 * Measure the loss and the metrics of all data, without training, in the same memory. Samples are sorted by length.
 * `evaluate` yields to the event loop at least every 50 ms, between two batches.
 *
 * @throws {OptionError} When the data has no batches, or the session keeps no averages and `averages` is set.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, dense, evaluate, gru, recurrent, sequential } from "@unroll/rnn";
 * import { accuracy, f1 } from "@unroll/rnn/metrics";
 * import { assert } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(gru(), { input: 1, hidden: 8, output: "last" }), decoder: dense(8, 2) });
 * const session = await compile(net, { batch: 2, steps: 5, loss: crossEntropy() });
 * const data = { x: [[1, 2], [3, 4, 5], [6]], y: [0, 1, 1] };
 * const { loss, metrics } = await evaluate(session, data, { metrics: { accuracy: accuracy(), f1: f1() } });
 * assert(loss > 0 && metrics.accuracy <= 1 && metrics.f1 <= 1);
 * session.dispose();
 * ```
 */
export async function evaluate<M extends Metrics = Record<never, never>>(
  session: Session,
  data: TrainingData,
  options: EvaluateOptions<M> = {},
): Promise<Measurement<M>> {
  readOptions("evaluate", EVALUATE, options);
  const source = evaluationSource(session, data, options.batch);
  return await evaluateSource(session, source, options);
}

/** As `evaluate`, of a source of batches. */
export async function evaluateSource<M extends Metrics>(
  session: Session,
  source: BatchSource,
  { metrics, carry = false, averages = false, signal }: EvaluateOptions<M>,
): Promise<Measurement<M>> {
  const names = Object.keys(metrics ?? {}) as (keyof M)[], { layout } = session;
  const tallies = names.map((name) => metrics![name].start()), total = new TotalLoss(layout.reduction);
  let states: States | "zero" = "zero";
  if (averages) session.useAverages(true);
  try {
    for await (const batch of source(1, 0)) {
      await turn();
      signal?.throwIfAborted();
      const { loss, count } = session.evaluate(batch, callOptions(batch, states));
      if (carry) states = session.states();
      total.add({ loss, count });
      if (!tallies.length) continue;
      const measured = { loss, count, layout, y: batch.y, output: session.output(), forEach: rowsOf(session, batch) };
      for (const tally of tallies) tally.add(measured);
    }
  } finally {
    if (averages) session.useAverages(false);
  }
  const values = Object.fromEntries(names.map((name, i) => [name, tallies[i].value()]));
  return { loss: total.loss, count: total.count, metrics: values as MetricValues<M> };
}

/** The options of a call with this batch. */
export function callOptions({ batch, lengths, decoderInput }: Batch, states: CallOptions["states"]): CallOptions {
  return { batch: batch ?? lengths?.length, lengths, decoderInput, states };
}

/** Visits the rows that count in the output of the session's last call. */
function rowsOf(session: Session, batch: Batch): EvaluatedBatch["forEach"] {
  const { layout } = session, { weights, lengths } = batch, B = batch.batch ?? lengths?.length ?? session.batch;
  const { decoder } = layout,
    [read, columns] = decoder ? [batch.decoderInput!, decoder.columns] : [batch.x, layout.columns];
  const T = layout.targets === "step" ? read.length / (B * columns) : 1;
  return (visit) => {
    for (let i = 0; i < T * B; i++) {
      const [t, b] = layout.batchFirst ? [i % T, Math.floor(i / T)] : [Math.floor(i / B), i % B];
      if (layout.targets === "step" && !decoder && lengths && t >= lengths[b]) continue;
      const weight = weights ? weights[weights.length === B ? b : i] : 1;
      if (weight !== 0) visit(i, weight);
    }
  };
}
