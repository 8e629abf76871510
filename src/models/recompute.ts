import { OptionError } from "../errors.ts";
import { type Data, type Passes, requireTargets } from "./passes.ts";
import type { CallOptions, InitialStates, States } from "./call.ts";

/**
 * Gradients of a sequence longer than the plan, exactly, in the memory of one segment and one set of states per segment (Chen et al.
 * 2016, "sublinear memory cost"): forward segment by segment, keeping only the states between them; then backward from the last
 * segment to the first, each run forward once more. With segments of about sqrt(T) steps memory grows like sqrt(T), for one more
 * forward pass. Every gradient sums its rows in the same order as in one piece, so its bits are the same.
 */
export function recomputedGradients(passes: Passes, data: Data, options: CallOptions): { loss: number } {
  const { plan, border, loss, kernels: k } = passes;
  if (options.lengths) {
    throw new OptionError('Cannot recompute: "lengths" and sequences longer than the plan exclude each other');
  }
  const segments = split(passes, data, options.batch ?? plan.options.batch);
  const calls = segments.map(({ x }, s) => {
    if (!s) return passes.check(x, options, true);
    return { ...passes.check(x, { ...options, states: "zero" }, true), fresh: false };
  });
  border.checkLength("y", data.y, { ...calls[0], T: calls.reduce((sum, { T }) => sum + T, 0) }, 1);
  const count = segments.reduce((sum, { y }, s) => sum + border.checkTargets(loss, y, calls[s]), 0);
  requireTargets(count);

  const pass = passes.reserve(segments.length);
  // What is carried is read before the first run overwrites it; by the second run there is always something to carry.
  const { states = "zero" } = options;
  const starts: InitialStates[] = [calls[0].fresh ? "zero" : states === "carry" ? passes.states() : states];
  segments.forEach(({ x }, s) => {
    passes.run(x, calls[s], starts[s], pass + s);
    starts.push(passes.states());
  });

  let dStates: States = {}, sum = 0;
  border.clearParameterGradients(k);
  for (let s = segments.length - 1; s >= 0; s--) {
    const { x, y } = segments[s], call = calls[s];
    passes.run(x, call, starts[s], pass + s);
    border.writeTargets(loss, y, count, call);
    loss.forward(k, call.T * call.B, true);
    sum += border.scalar(loss.total);
    border.clearStateGradients(k, call);
    border.writeStateGradients(dStates, call);
    passes.backward(call);
    dStates = border.readStateGradients(call);
  }
  passes.putAside(starts[segments.length] as States);
  return { loss: sum / count };
}

/** x and y in pieces of at most the plan's steps. */
function split({ plan }: Passes, { x, y }: Data, B: number): Data[] {
  const { input, planner, options: { steps, batchFirst } } = plan;
  if (batchFirst) {
    throw new OptionError('Cannot recompute: "batchFirst" and sequences longer than the plan exclude each other');
  }
  if (planner.reverseOrder) {
    throw new OptionError(
      "Cannot recompute: a bidirectional net must see a sequence whole, this one is longer than the plan",
    );
  }
  const width = input.kind === "values" ? input.width : 1, size = steps * B;
  const segments: Data[] = [];
  for (let at = 0; at < x.length / width; at += size) {
    segments.push({ x: piece(x, at * width, (at + size) * width), y: piece(y, at, at + size) });
  }
  return segments;
}

function piece(data: ArrayLike<number>, from: number, to: number): ArrayLike<number> {
  return Array.prototype.slice.call(data, from, to);
}
