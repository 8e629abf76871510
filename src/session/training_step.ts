import type { CallOptions } from "../runtime/packed_batch.ts";
import type { Gradients } from "./gradients.ts";
import type { Optimization, Update } from "./optimization.ts";
import { recomputedGradients } from "./recompute.ts";
import { type CheckedData, type Data, type PartLoss, requireCall, type TrainingRunner } from "./training_runner.ts";

/** What a training step works on. */
export interface TrainedNet {
  readonly runner: TrainingRunner;
  readonly gradients: Gradients;
  readonly optimization: Optimization;
}

/**
 * One training step, from top to bottom. An error of a check, or of the schedule, changes nothing. A later error takes
 * back the step, with all parts since the last update: nothing of a failed step is in the next one.
 *
 * @param isPart Whether the data is a part of a batch, of which other parts follow: its gradients are accumulated,
 *   without an update.
 */
export function trainingStep(
  { runner, gradients, optimization }: TrainedNet,
  data: Data,
  options: CallOptions,
  isPart: boolean,
): { part: PartLoss; update?: Update } {
  requireCall(data, options);
  optimization.requireTrainedWeights("accumulate gradients");
  const rates = isPart ? undefined : optimization.rates();
  const step = optimization.updates + 1;
  const { recompute, steps } = runner.plan.options;
  const checked = runner.checkData(data, options, true, recompute ? Infinity : steps);
  const isLong = checked.batch.T > steps;
  gradients.begin(); // An error up to here changes nothing.
  try {
    const part = isLong
      ? recomputedGradients(runner, gradients, step, checked)
      : wholeGradients(runner, gradients, step, checked);
    return { part, update: rates && optimization.update(rates) };
  } catch (error) {
    gradients.rollBack();
    throw error;
  }
}

/** Add the gradients of a batch that fits in memory as a whole. When its loss is not finite, backward is left out. */
function wholeGradients(runner: TrainingRunner, gradients: Gradients, step: number, checked: CheckedData): PartLoss {
  const { batch } = checked;
  runner.writeData(checked);
  runner.forward(batch);
  const part = runner.measureLoss(checked);
  if (!gradients.accepts(part, step, gradients.replay(batch))) return part;
  gradients.beginPart(part.count);
  runner.backward(batch);
  gradients.endPart(part.count, gradients.replay(batch));
  return part;
}
