import { ShapeError } from "../errors.ts";
import { type BatchShape, forEachLength, type Resize } from "../ops/value.ts";

/**
 * The shape of sequences with other lengths.
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
  return (<Shape extends BatchShape>(from: Shape) => {
    if (last?.from !== from) last = { from, to: resized(from) };
    return last.to as Shape;
  });
}
