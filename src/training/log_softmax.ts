import { NonFiniteError } from "../errors.ts";
import { exp, log } from "../kernels/real.ts";

/**
 * The logarithm of the softmax of a step's outputs, in double precision: x - log(sum(e^x)).
 *
 * @throws {NonFiniteError} When an output is NaN or Infinity, or all outputs are -Infinity.
 */
export function logSoftmax(x: ArrayLike<number>): Float64Array {
  let largest = -Infinity, sum = 0;
  for (let k = 0; k < x.length; k++) largest = Math.max(largest, x[k]);
  for (let k = 0; k < x.length; k++) sum += exp(x[k] - largest);
  const logSum = log(sum) + largest;
  if (!Number.isFinite(logSum)) {
    throw new NonFiniteError(`Cannot decode: the outputs of a step have no softmax, the largest of them is ${largest}`);
  }
  const result = new Float64Array(x.length);
  for (let k = 0; k < x.length; k++) result[k] = x[k] - logSum;
  return result;
}
