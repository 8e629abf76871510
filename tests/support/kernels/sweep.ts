/** Fine grids of numbers, and the errors of functions in units of the last place. */
import * as real from "../../../src/kernels/real.ts";

/** The multiples of 1/4096 from low to high. */
export function grid(low: number, high: number): Float32Array {
  return Float32Array.from({ length: (high - low) * 4096 + 1 }, (_, i) => low + i / 4096);
}

/** `count` numbers from low to high, in a geometric sequence. */
export function logarithmic(low: number, high: number, count: number): Float32Array {
  const step = real.log(high / low) / (count - 1);
  return Float32Array.from({ length: count }, (_, i) => low * real.exp(i * step));
}

/** Throw unless every y is within `bound` ulp of the exact value and, with `reference`, has the reference's bits. */
export function assertNear(
  name: string,
  x: Float32Array,
  y: Float32Array,
  bound: number,
  exact: (x: number) => number,
  reference?: (x: number) => number,
): void {
  for (let i = 0; i < x.length; i++) {
    const want = exact(x[i]), error = Math.abs(y[i] - want);
    if (!(error <= bound * ulp(want))) throw new Error(`${name}(${x[i]}) is ${y[i]}, not ${want} +- ${bound} ulp`);
    if (reference && y[i] !== reference(x[i])) {
      throw new Error(`${name}(${x[i]}) is ${y[i]}, the f32 reference has ${reference(x[i])}`);
    }
  }
}

/** The distance between neighbouring f32 numbers at x. */
export function ulp(x: number): number {
  let power = 2 ** -126; // the smallest normal number
  for (const magnitude = Math.abs(x); power * 2 <= magnitude;) power *= 2;
  return power * 2 ** -23;
}
