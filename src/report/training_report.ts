import type { FitEvaluation, FitEvent } from "../models/language_model_options.ts";
import type { TrainingEvent } from "../trainer/events.ts";
import { writePage } from "./page.ts";
import type { TrainingReportOptions } from "./report_options.ts";
import { TrainingRun } from "./training_run.ts";

/**
 * Collects the events of one training, or of several that are to be compared, and makes one page of them: HTML that needs
 * nothing else, neither network nor scripts.
 *
 * Memory and page are bounded however long the training: curves have at most 400 points, each then the mean, least and
 * largest of neighbouring steps; of gradients by time step 48 measurements are kept, of histograms 16, of samples 12,
 * evenly spread and with the last one. Sections without data are left out.
 *
 * @example
 * ```ts
 * import { clipNorm, LanguageModel } from "@unroll/rnn";
 * import { TrainingReport } from "@unroll/rnn/report";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const text = "to be or not to be, ".repeat(40), clip = clipNorm(1);
 * using model = await LanguageModel.create(text, { hidden: [16], seed: 1 });
 * const report = new TrainingReport({ title: "Hamlet", clip, perplexity: true, configuration: { cell: "LSTM", hidden: 16 } });
 * const statistics = { every: 5, gradientFlow: true };
 * for await (const event of model.fit(text, { batch: 4, unroll: 20, epochs: 5, clip, statistics })) report.add(event);
 * report.sample((await Array.fromAsync(model.generate({ length: 40 }))).join(""));
 * const page = report.html(); // Deno.writeTextFile("report.html", page)
 * assertStringIncludes(page, "<!doctype html>");
 * ```
 */
export class TrainingReport {
  readonly #options: TrainingReportOptions;
  readonly #runs: Map<string, TrainingRun> = new Map();
  readonly #began = new Date();

  /** An empty report; its time is counted from here. */
  constructor(options: TrainingReportOptions = {}) {
    this.#options = options;
  }

  /**
   * Take what an event of `fit` or of `LanguageModel.fit` says; steps come in their order. `run` names the training,
   * where there are several. Statistics (the option `statistics` of both, with `gradientFlow`) give the page its heat maps
   * and histograms.
   */
  add(event: TrainingEvent | FitEvent | FitEvaluation, run = ""): void {
    this.#run(run).add(event);
  }

  /** Take how well other data is predicted after the step of the last event, as `evaluate` says it. */
  evaluation(
    measured: { readonly loss: number; readonly metrics?: Readonly<Record<string, unknown>> },
    run = "",
  ): void {
    this.#run(run).evaluation(measured);
  }

  /** Take a text that the net has written after the step of the last event; the first 2,000 characters. */
  sample(text: string, run = ""): void {
    this.#run(run).sample(text);
  }

  /** The page so far. */
  html(): string {
    return writePage(this.#runs, { ...this.#options, began: this.#began, ended: new Date() });
  }

  #run(name: string): TrainingRun {
    const { clip } = this.#options;
    const run = this.#runs.get(name) ?? new TrainingRun(typeof clip === "function" ? clip(name) : clip);
    this.#runs.set(name, run);
    return run;
  }
}
