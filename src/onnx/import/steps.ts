import { axisOf } from "../run/operators/operator.ts";
import type { Chain } from "./chain.ts";
import { cannotImport, type ElementSource, type Padding } from "./symbolic.ts";

/**
 * Requires that an axis of rows `[T, B, width]` or `[B, T, width]` is time, with all steps in the order of the chain.
 *
 * @param padding How the steps behind the lengths of rows were replaced; these steps must be those of the mask.
 * @returns B.
 */
export function allSteps(
  chain: Chain,
  label: string,
  { shape, data }: ElementSource["indices"],
  timeAxis: number,
  padding?: Padding,
): number {
  const axis = axisOf(timeAxis, shape.length);
  const width = shape.at(-1)!;
  const r = chain.recurrence;
  if (chain.steps === "one" || shape.length !== 3 || (axis !== 0 && axis !== 1)) {
    throw cannotImport(label, "a pooling layer makes one row of all steps");
  }
  const T = shape[axis], B = shape[1 - axis];
  const step = (i: number) => axis ? [i % T, Math.floor(i / T)] : [Math.floor(i / B), i % B];
  // Indices are time-major from the first recurrent layer on. Before, they have the order of the model's input.
  const isInOrder = (batchFirst: boolean) => {
    for (let i = 0; i < T * B; i++) {
      const [t, b] = step(i);
      if (data[i * width] !== (batchFirst ? b * T + t : t * B + b) * width) return false;
    }
    return true;
  };
  const batchFirst = (r ? [false] : [false, true]).find(isInOrder);
  if (batchFirst === undefined || (r && r.T !== T)) throw cannotImport(label, "it does not read all steps");
  if (!r) chain.batchFirst = batchFirst;
  const isOfSteps = !padding || padding.steps.data.every((index, i) => {
    const [t, b] = step(Math.floor(i / width));
    return index === t * B + b;
  });
  if (!isOfSteps) throw cannotImport(label, "its mask is not that of its steps");
  return B;
}
