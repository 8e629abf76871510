import type { CallOptions } from "../runtime/packed_batch.ts";
import type { Gradients } from "./gradients.ts";
import type { Optimization, Update } from "./optimization.ts";
import { recomputedGradients } from "./recompute.ts";
import { type Data, type PartLoss, requireCall, type TrainingRunner } from "./training_runner.ts";

/** What a training step works on. */
export interface TrainedNet {
  readonly runner: TrainingRunner;
  readonly gradients: Gradients;
  readonly optimization: Optimization;
}

/**
 * One training step, from top to bottom.
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
  if (!isPart) optimization.requireOptimizer();
  const step = optimization.updates + 1;
  let part: PartLoss;
  if (runner.isLongerThanPlan(data, options)) part = recomputedGradients(runner, gradients, step, data, options);
  else {
    const checked = runner.checkData(data, options, true); // An error up to here changes nothing.
    runner.writeData(checked);
    runner.forward(checked.batch);
    part = runner.measureLoss(checked);
    if (gradients.accepts(part, step, gradients.replay(checked.batch))) {
      gradients.beginPart(part.count);
      runner.backward(checked.batch);
      gradients.endPart(part.count, gradients.replay(checked.batch));
    }
  }
  if (isPart) return { part };
  const gradientNorm = optimization.clip();
  return { part, update: optimization.update(gradientNorm) };
}
