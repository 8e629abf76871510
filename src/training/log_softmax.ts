import { NonFiniteError } from "../errors.ts";
import { exp, log } from "../kernels/real.ts";

/**
 * The logarithm of the softmax of a step's outputs, in double precision: x - log(sum(e^x)).
 *
 * @throws {NonFiniteError} When there is none: an output is NaN or Infinity, or all are -Infinity.
 */
export function logSoftmax(x: ArrayLike<number>): Float64Array {
  let top = -Infinity, sum = 0;
  for (let k = 0; k < x.length; k++) top = Math.max(top, x[k]);
  for (let k = 0; k < x.length; k++) sum += exp(x[k] - top);
  const all = log(sum) + top;
  if (!Number.isFinite(all)) {
    throw new NonFiniteError(`Cannot decode: the outputs of a step have no softmax, the largest of them is ${top}`);
  }
  const result = new Float64Array(x.length);
  for (let k = 0; k < x.length; k++) result[k] = x[k] - all;
  return result;
}
