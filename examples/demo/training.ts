import { adam, type FitEvent, type LanguageModel } from "@unroll/rnn";
import type { TrainingReport } from "@unroll/rnn/report";
import { clock, percent, type Progress, type Status } from "../frame/progress_bar.ts";
import type { Budget, Options } from "./options.ts";
import { addSample, CLIP } from "./report.ts";
import { excerpt } from "./writing.ts";

/** The state of the training after a step. */
export interface TrainingState extends FitEvent {
  /** Time of training, without the samples. */
  readonly seconds: number;
  /** The used part of the budget, 0 to 1. */
  readonly fraction: number;
}

/** Seconds until the first sample. The time of training doubles between two samples, up to a pause of ten minutes. */
const FIRST_SAMPLE = 5;
const LONGEST_PAUSE = 600;

/** Trains until the budget is used or the signal aborts; returns the state after the last step. */
export async function train(
  model: LanguageModel,
  text: string,
  budget: Budget,
  options: Options,
  progress: Progress,
  signal: AbortSignal,
  report?: TrainingReport,
): Promise<TrainingState> {
  const { batch, unroll, learningRate } = options;
  // This loop checks a limit in seconds itself, because `fit` counts the time of the samples.
  const limits = "seconds" in budget ? { epochs: 1e9 } : budget;
  let state!: TrainingState;
  let seconds = 0;
  let due = FIRST_SAMPLE;
  let since = performance.now();
  try {
    const statistics = report && { every: 25, gradientFlow: true };
    const learning = { optimizer: adam({ learningRate }), clip: CLIP, statistics };
    for await (const event of model.fit(text, { batch, unroll, ...limits, ...learning })) {
      seconds += (performance.now() - since) / 1000;
      state = { ...event, seconds, fraction: Math.min(1, used(budget, event, seconds)) };
      progress.update(statusOf(state));
      report?.add(event);
      if (state.fraction === 1 || signal.aborted) break;
      if (seconds >= due) {
        due = seconds + Math.min(seconds, LONGEST_PAUSE);
        if (report) await addSample(report, model, options);
        progress.note(`after ${event.step} steps:\n${await excerpt(model, options)}`);
      }
      since = performance.now();
    }
  } finally {
    progress.end();
  }
  return state;
}

function used(budget: Budget, { step, steps }: FitEvent, seconds: number): number {
  return "seconds" in budget ? seconds / budget.seconds : step / steps;
}

/** The state as the progress shows it. */
export function statusOf({ step, tokens, loss, bitsPerToken, gradientNorm, seconds, fraction }: TrainingState): Status {
  const left = seconds / fraction - seconds;
  const bits = bitsPerToken.toFixed(3);
  const norm = gradientNorm.toFixed(2);
  const rate = thousands(tokens / seconds);
  return {
    fraction,
    left,
    figures: [`loss ${loss.toFixed(3)}`, `${bits} bits/char`, `norm ${norm}`, `${rate} char/s`],
    line: `step ${step}, ${percent(fraction)}: loss ${loss.toFixed(3)}, ${bits} bits per character, ` +
      `gradient norm ${norm}, ${rate} characters/s, ${clock(left)} left`,
  };
}

/** 28,114 as 28.1k. */
function thousands(n: number): string {
  return n < 1000 ? n.toFixed(0) : `${(n / 1000).toFixed(1)}k`;
}
