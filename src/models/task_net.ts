import type { Cell } from "../cells/cell.ts";
import { requireOneOf } from "../errors.ts";
import { attentionPool } from "../layers/attention_pool.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import { embedding } from "../layers/embedding.ts";
import type { Layer } from "../layers/layer.ts";
import { pool } from "../layers/pool.ts";
import { recurrent } from "../layers/recurrent.ts";
import { sequential } from "../layers/sequential.ts";
import type { Pooling } from "./task_options.ts";

/** What the net of a model is made of, beside its input. */
export interface TaskShape {
  readonly cell: Cell;
  readonly hidden: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly dropout: number;
  /** Width of the embedding; undefined where values are read. */
  readonly embedding?: number;
  /** `"none"`: there are outputs for each step. */
  readonly pooling: Pooling | "none";
  /** Numbers of an output: one a class. */
  readonly outputs: number;
}

/** @throws {OptionError} When there is no such pooling. */
export function requirePooling(pooling: Pooling): Pooling {
  return requireOneOf("pooling", pooling, ["last", "mean", "max", "attention"]);
}

/** Embedding, recurrent layers, pooling, outputs. */
export function taskNet(
  { tokens, features }: { tokens?: number; features?: number },
  { cell, hidden, layers, bidirectional, dropout: rate, embedding: width, pooling, outputs }: TaskShape,
): Layer {
  const input = features ?? width!, output = pooling === "last" ? "last" : "sequence";
  const rnn = recurrent(cell, { input, hidden, layers, bidirectional, dropout: rate, output }), H = rnn.output.width;
  return sequential({
    ...tokens !== undefined && { embedding: embedding(tokens, width!) },
    ...tokens !== undefined && rate && { dropout_embedding: dropout(width!, rate) },
    rnn,
    ...(pooling === "mean" || pooling === "max") && { pool: pool(H, pooling) },
    ...pooling === "attention" && { attention: attentionPool(H) },
    ...rate && { dropout: dropout(H, rate) },
    decoder: dense(H, outputs),
  });
}
