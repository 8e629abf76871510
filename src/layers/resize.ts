import { ShapeError } from "../errors.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Needs } from "../ops/needs.ts";
import { type BatchShape, forEachLength, type Resize, shapeOf, type TensorSpec, type Value } from "../ops/value.ts";
import type { PlannedLayer } from "./layer.ts";
import { behind } from "./wiring.ts";

type Steps = TensorSpec["steps"];

/**
 * Sequences of other lengths.
 *
 * @param what What changes the lengths, for errors.
 * @param steps The number of steps that become of L steps. More steps never become fewer.
 */
export function resize(what: string, steps: (length: number) => number): Resize {
  let last: { from: BatchShape; to: BatchShape } | undefined; // All layers of a call ask for the same shape.
  function resized(from: BatchShape): BatchShape {
    const T = steps(from.T), sizes = new Int32Array(Math.max(0, T));
    forEachLength(from, (length, row, rows) => {
      if (steps(length) < 1) {
        throw new ShapeError(`Cannot run ${what} over a sequence of ${length} steps: it is too short`);
      }
      sizes.fill(row + rows, 0, steps(length));
    });
    const { lengths } = from as { lengths?: Int32Array };
    const whole = { totalSteps: T, offset: 0, lengths: lengths?.map(steps) };
    return { ...from, ...whole, T, active: (t) => sizes[t] };
  }
  return resizing((from) => {
    if (last?.from !== from) last = { from, to: resized(from) };
    return last.to;
  });
}

function resizing(resized: (shape: BatchShape) => BatchShape): Resize {
  const self: Resize = {
    shape: (shape) => resized(shape) as typeof shape,
    after: (steps) => !steps || steps === "each" ? self : resizing((shape) => resized(shapeOf({ steps }, shape))),
    plan(layer, scope, x) {
      const steps = stepsOf(scope, self);
      let order: Slot | undefined;
      const reverseOrder = () => order ??= scope.integers("reverse order", steps * scope.batch);
      const inner = scope.within("", "", { steps, reverseOrder });
      const planned = layer.plan(inner, { ...x, steps: "each" });
      const { parts, needs } = planned as PlannedLayer;
      return {
        ...planned,
        parts: parts?.map((part) => ({ ...part, output: behind(x, part.output) })),
        needs: needsBehind(x, needs),
      };
    },
  };
  return self;
}

/** The needs of a layer that reads x, with steps as the whole net sees them. */
function needsBehind(of: Value, needs: Partial<Needs> = {}): Partial<Needs> {
  const { reverseOrder: slot, orders = [], outputGradients = [] } = needs;
  const all = orders.map((own) => ({ ...own, of: behind(of, own.of) }));
  if (slot) all.push({ slot, of });
  const gradients = outputGradients.map((own) => behind(of, own));
  return { ...needs, reverseOrder: undefined, orders: all, outputGradients: gradients };
}

/** The largest T of a tensor with these steps. */
export function stepsOf({ steps: T, batch: B }: Scope, steps: Steps): number {
  return shapeOf({ steps }, { T, B, active: () => B, training: false }).T;
}
