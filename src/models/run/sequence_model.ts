import { OptionError, requireOneOf } from "../../errors.ts";
import { attentionPool } from "../../layers/attention_pool.ts";
import { dense } from "../../layers/dense.ts";
import { dropout } from "../../layers/dropout.ts";
import { embedding } from "../../layers/embedding.ts";
import type { Layer } from "../../layers/layer.ts";
import { pool } from "../../layers/pool.ts";
import { firstPooling, poolInPieces } from "../../layers/pool_in_pieces.ts";
import { recurrent } from "../../layers/recurrent.ts";
import { sequential } from "../../layers/sequential.ts";
import { count, flag, rate, sizes } from "../../options.ts";
import type { States } from "../../runtime/packed_batch.ts";
import { oneOf, optional, tokens } from "./description.ts";
import { type Label, Labels } from "./labels.ts";
import type { RunnableModel } from "./model.ts";
import type { ModelDescription } from "./model_file.ts";
import { type PiecesOptions, runInPieces, sizeFor } from "./pieces.ts";
import { runBatches, SequenceInput, type Tokens } from "./sequences.ts";

/**
 * How the outputs of a sequence's time steps become one: the output after the last step, or a mean, maximum or
 * attention over all steps (see `pool` and `attentionPool`).
 */
export type Pooling = "last" | "mean" | "max" | "attention";

/** When a prediction or an evaluation ends early. */
export interface TaskRunOptions {
  /** Ends the computation between two pieces of it, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** What the models that read a sequence and write numbers have in common: a classifier, a regressor, a tagger. */
export interface SequenceModelDescription extends ModelDescription {
  /** Hidden size of every layer and direction, or of each layer. */
  readonly hidden: number | readonly number[];
  /** Number of recurrent layers. */
  readonly layers: number;
  /** Whether each layer also reads against time. */
  readonly bidirectional: boolean;
  /** Rate of dropout. */
  readonly dropout: number;
  /** Width of the embedding; undefined in a model that reads values. */
  readonly embedding?: number;
  /** `"none"`: each time step has an output of its own. */
  readonly pooling: Pooling | "none";
  /** Width of an output: the number of classes, or of numbers. */
  readonly outputs: number;
  /** The tokens; undefined in a model that reads values. */
  readonly tokens?: Tokens;
  /** Values of a time step; undefined in a model that reads tokens. */
  readonly features?: number;
}

/** What the kinds of sequence models have in common. */
export const SEQUENCE_MODEL = {
  values: () => ({
    hidden: sizes,
    layers: count,
    bidirectional: flag,
    dropout: optional(rate, 0),
    embedding: optional(count),
    pooling: oneOf("last", "mean", "max", "attention", "none"),
    outputs: count,
    tokens: optional(tokens),
    features: optional(count),
  }),
  net: sequenceNet,
  runningNet,
  size: () => ({ batch: 1, steps: 1 }),
} as const;

/** @throws {OptionError} When there is no such pooling. */
export function requirePooling(pooling: Pooling): Pooling {
  return requireOneOf("pooling", pooling, ["last", "mean", "max", "attention"]);
}

/**
 * The net of a model with or without labels.
 *
 * @throws {OptionError} When the labels are not the outputs.
 */
export function labelledNet(description: SequenceModelDescription & { readonly labels?: readonly Label[] }): Layer {
  const { labels, outputs } = description;
  const count = labels && new Labels(labels).names.length;
  if (count === undefined || count === outputs) return sequenceNet(description);
  throw new OptionError(`"outputs" must be the number of "labels", ${count}, got ${outputs}`);
}

/** Embedding, recurrent layers, pooling, dense layer. */
function sequenceNet(description: SequenceModelDescription): Layer {
  return layersOf(description, pool);
}

/** The same layers with a pooling that runs in pieces. */
function runningNet(description: SequenceModelDescription): Layer {
  return layersOf(description, description.bidirectional ? pool : poolInPieces);
}

function layersOf(description: SequenceModelDescription, poolLayer: typeof pool): Layer {
  const { cell, hidden, layers, bidirectional, dropout: rate, embedding: width, pooling, outputs } = description;
  const { tokens, features } = new SequenceInput(description);
  const rnn = recurrent(cell, {
    input: features ?? width!,
    hidden,
    layers,
    bidirectional,
    dropout: rate,
    output: pooling === "last" ? "last" : "sequence",
  });
  const H = rnn.output.width;
  return sequential({
    ...tokens !== undefined && { embedding: embedding(tokens, width!) },
    ...tokens !== undefined && rate && { dropout_embedding: dropout(width!, rate) },
    rnn,
    ...isPooled(pooling) && { pool: poolLayer(H, pooling) },
    ...pooling === "attention" && { attention: attentionPool(H) },
    ...rate && { dropout: dropout(H, rate) },
    decoder: dense(H, outputs),
  });
}

/** Whether the net has a layer `pool`. */
function isPooled(pooling: Pooling | "none"): pooling is "mean" | "max" {
  return pooling === "mean" || pooling === "max";
}

/**
 * The outputs of each encoded sequence: `[outputs]`, or `[T, outputs]` without pooling. `softmax` makes them
 * probabilities. Long sequences run in pieces, if the net does not have to see them whole.
 */
export async function sequenceOutputs(
  { running, nets, description }: RunnableModel<SequenceModelDescription>,
  input: SequenceInput,
  sequences: readonly ArrayLike<number>[],
  { softmax, signal }: TaskRunOptions & { softmax: boolean },
): Promise<Float32Array[]> {
  if (!sequences.length) return [];
  const options: PiecesOptions = {
    columns: input.columns,
    first: (lengths) => running.wholeSequence ? "zero" : firstStates(running, description, lengths),
    run: (net, x, call) => softmax ? net.probabilities(x, call) : net.forward(x, call),
    signal,
  };
  const size = sizeFor(sequences.length, input.longest(sequences), running);
  return await nets.run(size, (net) => {
    return runBatches(sequences, { batch: size.batch, signal }, (members) => runInPieces(net, members, options));
  });
}

/** The first states of sequences of these lengths. */
function firstStates(
  { states = [] }: Layer,
  { pooling }: SequenceModelDescription,
  lengths: readonly number[],
): States {
  const all: States = {};
  for (const { name, width } of states) all[name] = new Float32Array(lengths.length * width);
  if (!isPooled(pooling)) return all;
  const width = all["pool.pooled"].length / lengths.length;
  for (const [name, state] of Object.entries(firstPooling(pooling, width, lengths))) all[`pool.${name}`] = state;
  return all;
}
