import { OptionError } from "../errors.ts";
import {
  type CallOptions,
  type InitialStates,
  type PackedBatch,
  segment,
  type States,
} from "../runtime/packed_batch.ts";
import type { Data, MeasuredPart, TrainingRunner } from "./training_runner.ts";

/**
 * Gradients of a sequence longer than the plan, exactly, in the memory of one segment and one set of states per segment
 * (Chen et al. 2016, "sublinear memory cost"): forward segment by segment, keeping only the states between them; then
 * backward from the last segment to the first, each run forward once more. With segments of about sqrt(T) steps memory
 * grows like sqrt(T), for one more forward pass. Every gradient sums its rows in the same order as in one piece, so its
 * bits are the same. Of a row that has ended, a segment leaves the last states and no gradient. `begin` is called with
 * the number of rows that count before gradients are added. Ends early when the loss is not finite.
 */
export function recomputedGradients(
  passes: TrainingRunner,
  data: Data,
  options: CallOptions,
  begin: (rows: number) => void,
): MeasuredPart {
  const { plan, io: border, loss, kernels: k } = passes, { x } = data, { steps } = plan.options;
  const { wholeSequence } = plan;
  if (wholeSequence) {
    throw new OptionError(
      `Cannot recompute: ${wholeSequence} must see a sequence whole, this one is longer than the plan`,
    );
  }
  const once = plan.layer.output.steps === "one";
  if (once && options.lengths) {
    throw new OptionError(`Cannot recompute: with "lengths", rows have their only output in different segments`);
  }
  if (loss.targets === "sequence") {
    throw new OptionError(
      "Cannot recompute: a loss with one target a sequence must see it whole, this one is longer than the plan",
    );
  }
  const whole = passes.check(x, options, true, Infinity), count = loss.check(data, border.targetRows(whole));
  const calls: PackedBatch[] = [];
  for (let t = 0; t < whole.T; t += steps) calls.push(segment(whole, t, Math.min(steps, whole.T - t)));

  const pass = passes.reserve(calls.length);
  // What is carried is read before the first run overwrites it; by the second run there is always something to carry.
  const { states = "zero" } = options;
  const starts: InitialStates[] = [whole.fresh ? "zero" : states === "carry" ? passes.states() : states];
  calls.forEach((call, s) => {
    passes.run(x, call, { states: starts[s] }, pass + s);
    starts.push(passes.states());
  });

  function* again(): Iterable<PackedBatch> {
    for (const [s, call] of calls.entries()) {
      passes.run(x, call, { states: starts[s] }, pass + s);
      yield call;
    }
  }

  let dStates: States = {}, sum = 0;
  begin(count);
  for (let s = calls.length - 1; s >= 0; s--) {
    const call = calls[s];
    passes.run(x, call, { states: starts[s] }, pass + s);
    if (once && s + 1 < calls.length) border.clearOutputGradient(k, call);
    else {
      loss.write(data, border.targetRows(call), count);
      loss.forward(k, border.outputCall(call), true);
      sum += border.scalar(loss.total);
      if (!Number.isFinite(sum)) return { loss: loss.reduce(sum, count), count, again };
    }
    border.clearStateGradients(k, call);
    border.writeStateGradients(dStates, call);
    passes.backward(call);
    dStates = border.readStateGradients(call);
  }
  passes.putAside(starts[calls.length] as States);
  return { loss: count ? loss.reduce(sum, count) : 0, count, again };
}
