import { adam, type FitEvent, type LanguageModel } from "@unroll/rnn";
import type { TrainingReport } from "@unroll/rnn/report";
import type { Budget, Options } from "./options.ts";
import type { Progress } from "./progress.ts";
import { addSample, CLIP } from "./report.ts";
import { excerpt } from "./writing.ts";

/** How the training stands after a step. */
export interface Report extends FitEvent {
  /** Time spent training, without the samples in between. */
  readonly seconds: number;
  /** Part of the budget that is used up, 0 to 1. */
  readonly fraction: number;
}

/** Seconds until the first sample. Each further one comes after twice the time, later every ten minutes. */
const FIRST_SAMPLE = 5;
const LONGEST_PAUSE = 600;

/** Train until the budget is used up or the signal comes; how it stands then. */
export async function train(
  model: LanguageModel,
  text: string,
  budget: Budget,
  options: Options,
  progress: Progress,
  signal: AbortSignal,
  page?: TrainingReport,
): Promise<Report> {
  const { batch, unroll, learningRate } = options;
  // The budget in seconds is seen to below.
  const limits = "seconds" in budget ? { epochs: 1e9 } : budget;
  let report!: Report;
  let seconds = 0, due = FIRST_SAMPLE, since = performance.now();
  try {
    const statistics = page && { every: 25, gradientFlow: true };
    const learning = { optimizer: adam({ learningRate }), clip: CLIP, statistics };
    for await (const event of model.fit(text, { batch, unroll, ...limits, ...learning })) {
      seconds += (performance.now() - since) / 1000;
      report = { ...event, seconds, fraction: Math.min(1, used(budget, event, seconds)) };
      progress.step(report);
      page?.add(event);
      if (report.fraction === 1 || signal.aborted) break;
      if (seconds >= due) {
        due = seconds + Math.min(seconds, LONGEST_PAUSE);
        if (page) await addSample(page, model, options);
        progress.print(`after ${event.step} steps:\n${await excerpt(model, options)}`);
      }
      since = performance.now();
    }
  } finally {
    progress.end();
  }
  return report;
}

function used(budget: Budget, { step, steps }: FitEvent, seconds: number): number {
  return "seconds" in budget ? seconds / budget.seconds : step / steps;
}
