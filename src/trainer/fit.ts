import type { Session } from "../session/session.ts";
import type { TrainingData } from "./batches.ts";
import type { Metrics } from "./evaluate.ts";
import type { TrainerOptions } from "./options.ts";
import { Training } from "./training.ts";

/**
 * Train a session that was compiled with a loss and an optimizer. Await the training for its history, or
 * iterate it for its events; nothing starts before. `fit` yields to the event loop at least every 50 ms, between two
 * steps.
 *
 * A second `fit` of a session goes on: the numbers of steps and epochs and the order of samples continue, also within
 * an epoch that was interrupted, if the data is the same object. `epochs`, `steps` and `seconds` count the call's own.
 * Another `seed` starts another order at epoch 1. A training that is suspended at an event is ended by the next `fit`
 * of the session, with an `end` event of reason `"replaced"`.
 *
 * The order of events: `step` after each update, `statistics` and `evaluation` when they are due, `epoch` at the end of
 * each epoch, and `end` as the last event. Until the `end` event the parameters and `state` are those after the step.
 * Before the `end` event the best parameters are restored. The schedule gets the monitored value of every evaluation,
 * or without evaluations the training loss of each epoch.
 *
 * @throws {OptionError} When an option is out of range or needs another one.
 * @throws {ShapeError} When samples are not what the session takes.
 *
 * @example Sequences of different lengths, one class each
 * ```ts
 * import { adam, compile, crossEntropy, dense, fit, gru, recurrent, sequential } from "@unroll/rnn";
 * import { accuracy } from "@unroll/rnn/metrics";
 * import { assert } from "@std/assert";
 *
 * // Does a sequence end higher than it began?
 * const sequence = (i: number) => Array.from({ length: 2 + i % 7 }, (_, t) => (i * 13 + t * t * 7) % 11 / 11);
 * const x = Array.from({ length: 60 }, (_, i) => sequence(i));
 * const y = x.map((sequence) => sequence.at(-1)! > sequence[0] ? 1 : 0);
 * const net = sequential({ rnn: recurrent(gru(), { input: 1, hidden: 16, output: "last" }), decoder: dense(16, 2) });
 * const learning = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }) };
 * const session = await compile(net, { batch: 8, steps: 8, ...learning });
 * const data = { x: x.slice(0, 48), y: y.slice(0, 48) }, evaluate = { data: { x: x.slice(48), y: y.slice(48) } };
 * for await (const event of fit(session, data, { epochs: 40, evaluate, metrics: { accuracy: accuracy() } })) {
 *   if (event.type === "evaluation") assert(event.metrics.accuracy <= 1);
 *   if (event.type === "end") assert(event.best!.value < 0.5);
 * }
 * session.dispose();
 * ```
 */
export function fit<M extends Metrics = Record<never, never>>(
  session: Session,
  data: TrainingData,
  options: TrainerOptions<M> = {},
): Training<M> {
  return new Training(session, data, options);
}
