import { count, extended, list, natural, type Table } from "../options.ts";
import type { Metrics } from "../trainer/evaluate.ts";
import { type TrainerOptions, TRAINING } from "../trainer/options.ts";
import { type Clip, clip, clipNorm } from "../training/clip.ts";
import { adam } from "../training/optimizers/adam.ts";
import { type Optimizer, optimizer } from "../training/optimizers/optimizer.ts";

/** Options of the `fit` of every model: those of the model, and some of the trainer. */
export interface ModelFitOptions<M extends Metrics = Metrics>
  extends Pick<TrainerOptions<M>, "epochs" | "steps" | "seconds" | "patience" | "restoreBest" | "signal"> {
  /**
   * The optimizer.
   *
   * @default {adam({ learningRate: 2e-3 })}
   */
  optimizer?: Optimizer;
  /**
   * Gradient clipping.
   *
   * @default {clipNorm(1)}
   */
  clip?: Clip;
  /**
   * Updates from one evaluation of `validation` to the next.
   *
   * @default once an epoch
   */
  every?: number;
}

/** The options of the `fit` of every model. */
export const MODEL_FIT = /* @__PURE__ */ extended(TRAINING, {
  optimizer: [optimizer, /* @__PURE__ */ adam({ learningRate: 2e-3 })],
  clip: [clip, /* @__PURE__ */ clipNorm(1)],
  every: [count],
}) satisfies Table<ModelFitOptions>;

/** Options of the `fit` of a model that trains on samples in any order. */
export interface SampleFitOptions<Sample, M extends Metrics = Metrics>
  extends ModelFitOptions<M>, Pick<TrainerOptions<M>, "seed" | "bucket"> {
  /**
   * Samples of a batch.
   *
   * @default {32}
   */
  batch?: number;
  /**
   * Samples to evaluate the model on during the training: for early stopping and to restore the best parameters.
   *
   * @default none
   */
  validation?: readonly Sample[];
}

/** The options of the `fit` of a model that trains on samples. */
export const SAMPLE_FIT = /* @__PURE__ */ extended(MODEL_FIT, {
  seed: [natural],
  bucket: [count],
  batch: [count, 32],
  validation: [list],
}) satisfies Table<SampleFitOptions<unknown>>;
