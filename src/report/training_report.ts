import type { FitEvaluation, FitEvent } from "../models/language_model_options.ts";
import type { TrainingEvent } from "../trainer/events.ts";
import { anything, flag, readOptions, type Table, text } from "../options.ts";
import type { Clip } from "../training/clip.ts";
import { type Facts, writePage } from "./page.ts";
import { TrainingRun } from "./training_run.ts";

export type { Facts };

/** Options of a training report. */
export interface TrainingReportOptions {
  /**
   * Heading of the page.
   *
   * @default "Training"
   */
  title?: string;
  /**
   * Clipping of the gradients as given to `compile` or `fit`, or a function from a training's name to its clipping. The
   * page shows the limit and how often the gradients exceed the limit.
   *
   * @default none
   */
  clip?: Clip | ((run: string) => Clip | undefined);
  /**
   * Whether the loss is a cross-entropy in nats, so that exp(loss) is a perplexity.
   *
   * @default false
   */
  perplexity?: boolean;
  /**
   * Configuration of the training: cell, sizes, batch, optimizer ...
   *
   * @default {}
   */
  configuration?: Facts;
  /**
   * Environment of the training: machine, versions ... The report adds engine, cores and times.
   *
   * @default {}
   */
  environment?: Facts;
}

const REPORT = {
  title: [text],
  clip: [anything],
  perplexity: [flag],
  configuration: [anything],
  environment: [anything],
} satisfies Table<TrainingReportOptions>;

/**
 * Collects the events of one or several trainings and writes one HTML page. The page needs no network and no scripts.
 *
 * Memory and page size are bounded. A curve has at most 400 points, each with mean, minimum and maximum of neighbouring
 * steps. The report stores at most 48 measurements of the gradient by time step, 16 histograms of a tensor and 12
 * samples, evenly spaced, and always the last one. The page leaves out sections without data.
 *
 * @example
 * ```ts
 * import { clipNorm, LanguageModel } from "@unroll/rnn";
 * import { TrainingReport } from "@unroll/rnn/report";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const text = "to be or not to be, ".repeat(40), clip = clipNorm(1), configuration = { cell: "LSTM", hidden: 16 };
 * const model = await LanguageModel.create(text, { hidden: [16], seed: 1 });
 * const report = new TrainingReport({ title: "Hamlet", clip, perplexity: true, configuration });
 * const statistics = { every: 5, gradientFlow: true };
 * for await (const event of model.fit(text, { batch: 4, unroll: 20, epochs: 5, clip, statistics })) report.add(event);
 * report.sample((await Array.fromAsync(model.generate({ length: 40 }))).join(""));
 * const page = report.html(); // Deno.writeTextFile("report.html", page)
 * assertStringIncludes(page, "<!doctype html>");
 * model.dispose();
 * ```
 */
export class TrainingReport {
  readonly #options: TrainingReportOptions;
  readonly #runs: Map<string, TrainingRun> = new Map();
  readonly #began = new Date();

  /** Create an empty report. The report measures time from here. */
  constructor(options: TrainingReportOptions = {}) {
    readOptions("TrainingReport", REPORT, options);
    this.#options = options;
  }

  /**
   * Add an event of `fit` or of `LanguageModel.fit`, in the order of steps. Events with `statistics` give the page its
   * histograms, and with `gradientFlow` its heat maps.
   *
   * @param run Name of the training, if the report compares several.
   */
  add(event: TrainingEvent | FitEvent | FitEvaluation, run = ""): void {
    this.#run(run).add(event);
  }

  /**
   * Add a result of `evaluate` on other data, measured after the step of the last event.
   *
   * @param run Name of the training, if the report compares several.
   */
  evaluation(
    measured: { readonly loss: number; readonly metrics?: Readonly<Record<string, unknown>> },
    run = "",
  ): void {
    this.#run(run).evaluation(measured);
  }

  /**
   * Add a text that the net generates after the step of the last event. The report stores the first 2,000 characters.
   *
   * @param run Name of the training, if the report compares several.
   */
  sample(text: string, run = ""): void {
    this.#run(run).sample(text);
  }

  /** Write the page of all events so far. */
  html(): string {
    const { title = "Training", perplexity = false, configuration = {}, environment = {} } = this.#options;
    const page = { title, trainings: this.#runs, perplexity, configuration, environment };
    return writePage({ ...page, began: this.#began, ended: new Date() });
  }

  #run(name: string): TrainingRun {
    const { clip } = this.#options;
    const run = this.#runs.get(name) ?? new TrainingRun(typeof clip === "function" ? clip(name) : clip);
    this.#runs.set(name, run);
    return run;
  }
}
