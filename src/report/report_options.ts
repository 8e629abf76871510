import type { Clip } from "../training/clip.ts";

/** Facts by name, for people to read. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** Options of a training report. */
export interface TrainingReportOptions {
  /** Its heading. Default "Training". */
  title?: string;
  /**
   * What the gradients are clipped by, as `compile` or `fit` was told; a function of the training's name where it is not
   * the same for all. Shows its limit, and how often it was reached. Default nothing.
   */
  clip?: Clip | ((run: string) => Clip | undefined);
  /** Whether the loss is a cross-entropy in nats, of which exp(loss) is the perplexity. Default false. */
  perplexity?: boolean;
  /** What was trained how: cell, sizes, batch, optimizer ... Default nothing. */
  configuration?: Facts;
  /** Where: machine, versions ... beside engine, cores and time, which it finds out itself. Default nothing. */
  environment?: Facts;
}
