import { OptionError } from "../errors.ts";
import { readOptions } from "../options.ts";
import { type Streams, streams } from "../text/streams.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import type { EvaluateOptions, Measurement, Metrics } from "../trainer/evaluate.ts";
import { epochLimit } from "../trainer/state.ts";
import type { TrainingEvent } from "../trainer/events.ts";
import type { TrainerState } from "../trainer/state.ts";
import type { Batch } from "../training/data/batch.ts";
import { FIT, type FitEvaluation, type FitEvent, type FitOptions } from "./language_model_options.ts";
import type { FitPlan } from "./model.ts";

/** Streams and time steps of the evaluation of a validation text. */
const VALIDATION = { batch: 10, unroll: 50 };
/** The most streams of a training. */
const MOST_STREAMS = 50;
/** Bits of a nat. */
export const BITS_PER_NAT = 1.4426950408889634;

/** A text in parallel streams. */
export interface StreamedText {
  readonly windows: Streams;
  /** Parallel streams. */
  readonly batch: number;
  /** Time steps of a window. */
  readonly unroll: number;
}

/**
 * Cut a text into streams.
 *
 * @param what What needs the streams, for the error.
 * @param option The option that has their number.
 * @throws {OptionError} When the text is too short.
 */
export function cut(
  tokens: Int32Array,
  { batch, unroll }: { batch: number; unroll: number },
  what: string,
  option: string,
): StreamedText {
  if (tokens.length <= batch) {
    const least = `at least ${batch + 1} tokens, one more than "${option}"`;
    throw new OptionError(`Cannot ${what}: the text must have ${least}, got ${tokens.length}`);
  }
  return { windows: streams(tokens, { batch, unroll }), batch, unroll };
}

/** The windows of the streams as batches of the trainer. */
export function* batches({ windows, batch }: StreamedText): Iterable<Batch> {
  for (const { x, y } of windows) yield { x, y, batch };
}

/** As many streams of at least `unroll` steps as the tokens give, at most `MOST_STREAMS`. */
function longStreams(tokens: Int32Array, unroll: number): number {
  return Math.max(1, Math.min(MOST_STREAMS, Math.floor((tokens.length - 1) / unroll)));
}

/**
 * What a training on a text is: its plan, and the text in streams.
 *
 * @param measure Evaluates a text in a session of its own.
 */
export function planText(
  vocabulary: Vocabulary,
  text: string,
  options: FitOptions,
  measure: (text: StreamedText, options: EvaluateOptions) => Promise<Measurement>,
): { plan: FitPlan<Metrics>; text: StreamedText } {
  const { unroll, ...read } = readOptions("LanguageModel.fit", FIT, options);
  const { optimizer, clip, batch: given, validation, every, resume, ...limits } = read;
  const { statistics, world } = limits;
  const tokens = vocabulary.encode(text);
  const batch = given ?? longStreams(tokens, unroll);
  const streamed = cut(tokens, { batch, unroll }, "fit", "batch");
  const evaluation = validation === undefined ? undefined : cutValidation(vocabulary, validation);
  return {
    text: streamed,
    plan: {
      session: {
        batch: Math.ceil(batch / (world?.size ?? 1)),
        steps: unroll,
        gradientFlow: statistics?.gradientFlow,
        optimizer,
        clip,
      },
      data: () => () => batches(streamed),
      identity: [text, batch, unroll],
      trainer: { ...limits, evaluate: evaluation && { data: () => batches(evaluation), every }, carry: true },
      // In a session of its own: `batch` and `unroll` are those of the training.
      measure: evaluation && ((given) => measure(evaluation, given)),
      resume,
    },
  };
}

function cutValidation(vocabulary: Vocabulary, text: string): StreamedText {
  const tokens = vocabulary.encode(text);
  const batch = Math.max(1, Math.min(VALIDATION.batch, tokens.length - 1));
  return cut(tokens, { ...VALIDATION, batch }, 'evaluate "validation"', "streams");
}

/**
 * The events of `LanguageModel.fit` from those of the trainer.
 *
 * @param state The state of the trainer at this moment.
 */
export async function* textEvents(
  events: AsyncIterable<TrainingEvent>,
  { windows, batch, unroll }: StreamedText,
  options: FitOptions,
  state: () => TrainerState,
): AsyncGenerator<FitEvent | FitEvaluation, void, void> {
  const { steps, statistics } = options, ownEpochs = epochLimit(options);
  const none = { loss: NaN, bitsPerToken: NaN, gradientNorm: NaN, learningRate: NaN };
  let last: FitEvent = { type: "step", step: 0, steps: 0, epoch: 1, tokens: 0, ...none };
  let restarted: true | undefined;
  for await (const event of events) {
    const { step, epoch } = event;
    const bitsPerToken = "loss" in event ? event.loss * BITS_PER_NAT : NaN;
    if (event.type === "restart") restarted = true;
    else if (event.type === "evaluation") {
      const { metrics: _, ...evaluation } = event;
      yield { ...evaluation, bitsPerToken };
    } else if (event.type === "step") {
      const { type, loss, gradientNorm, learningRate } = event;
      const { batch: used, start = { step: 0, epoch: 1 } } = state();
      const ofEpochs = step - used + (ownEpochs - (epoch - start.epoch)) * windows.windows;
      const allSteps = Math.min(start.step + (steps ?? Infinity), ofEpochs);
      const tokens = batch * ((epoch - 1) * windows.length + Math.min(used * unroll, windows.length));
      last = { type, step, steps: allSteps, epoch, tokens, loss, bitsPerToken, gradientNorm, learningRate };
      if (restarted) last = { ...last, restarted };
      restarted = undefined;
      // When statistics are due, the next event has them.
      if (!statistics || step % statistics.every) yield last;
    } else if (event.type === "statistics") yield { ...last, statistics: event };
    else if (event.type === "end" && event.reason === "replaced") {
      yield { ...last, type: "end", reason: "replaced" };
    }
  }
}
