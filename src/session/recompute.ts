import { OptionError } from "../errors.ts";
import {
  type CallOptions,
  type InitialStates,
  type PackedBatch,
  segments,
  type States,
} from "../runtime/packed_batch.ts";
import type { Gradients } from "./gradients.ts";
import type { CheckedData, Data, PartLoss, TrainingRunner } from "./training_runner.ts";

/**
 * Check a sequence that is longer than the plan.
 *
 * @throws {OptionError} When the net or the options need the whole sequence in memory. See also `checkData`.
 */
export function checkSegments(runner: TrainingRunner, data: Data, options: CallOptions): CheckedData {
  requireSegments(runner, options);
  return runner.checkData(data, options, true, Infinity);
}

/**
 * Add the gradients of a sequence that is longer than the plan, in the memory of one segment and one set of states per
 * segment (Chen et al. 2016, "sublinear memory cost"). Forward runs segment by segment and keeps the states between
 * them; backward runs from the last segment to the first, each forward once more. With segments of about sqrt(T) steps
 * memory grows like sqrt(T), for one more forward pass. Every gradient sums its rows in the same order as in one piece,
 * so its bits are the same. A row that has ended passes its last states through the later segments, and has no gradient
 * there.
 *
 * @param step The number of the update, for errors.
 * @returns The loss, and the weight of the targets that count. When the loss is not finite, the rest is left out.
 */
export function recomputedGradients(
  runner: TrainingRunner,
  gradients: Gradients,
  step: number,
  whole: CheckedData,
): PartLoss {
  const { plan, io, loss, kernels: k } = runner;
  const { count, targets } = whole;
  const batches = segments(whole.batch, plan.options.steps);

  const firstPass = runner.reservePasses(batches.length);
  // The carried states are read before the first segment overwrites them. From the second segment on there is a state
  // to carry.
  const initial = whole.states === "carry" ? runner.states() : whole.states;
  const starts: InitialStates[] = [whole.batch.fresh ? "zero" : initial];
  const run = (s: number): CheckedData => {
    const part = { ...whole, batch: batches[s], states: starts[s] };
    runner.write(part, firstPass + s);
    runner.forward(part.batch);
    return part;
  };
  for (let s = 0; s < batches.length; s++) {
    run(s);
    starts.push(runner.states());
  }

  function* replay(): Iterable<PackedBatch> {
    for (let s = 0; s < batches.length; s++) yield run(s).batch;
  }

  // The only output of a net with one row a sequence is that of the last segment.
  const hasOneOutput = plan.layer.output.steps === "one";
  let dStates: States = {};
  let sum = 0;
  gradients.beginPart(count);
  for (let s = batches.length - 1; s >= 0; s--) {
    const { batch } = run(s);
    if (hasOneOutput && s + 1 < batches.length) io.clearOutputGradient(k, batch);
    else {
      loss.write(targets, io.targetRows(batch), count);
      loss.forward(k, io.outputBatch(batch), true);
      sum += io.scalar(loss.total);
      const part = { loss: loss.reduce(sum, count), count };
      if (!Number.isFinite(sum) && !gradients.accepts(part, step, replay)) return part;
    }
    runner.backward(batch, dStates);
    dStates = io.readStateGradients(batch);
  }
  runner.setStates(starts[batches.length] as States);
  gradients.endPart(count, replay);
  return { loss: count ? loss.reduce(sum, count) : 0, count };
}

function requireSegments({ plan, loss }: TrainingRunner, { lengths }: CallOptions): void {
  const whole = plan.wholeSequence ?? (loss.targets === "sequence" ? "a loss with one target a sequence" : undefined);
  if (whole) {
    throw new OptionError(`Cannot recompute: ${whole} must see a sequence whole, this one is longer than the plan`);
  }
  if (plan.layer.output.steps === "one" && lengths) {
    throw new OptionError(`Cannot recompute: with "lengths", rows have their only output in different segments`);
  }
}
