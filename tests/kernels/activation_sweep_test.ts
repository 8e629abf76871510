/**
 * The activation kernels on a fine grid: range, accuracy, monotony, symmetry, special values. An ulp is the distance of
 * f32 numbers at the exact value. A bound is the measured error (in brackets, both builds) plus a margin.
 */
import { assert, assertEquals } from "@std/assert";
import * as real from "../../src/kernels/real.ts";
import * as single from "../../src/kernels/reference/single.ts";
import { type Bench, kernelTest } from "../support/kernels/harness.ts";
import { assertNear, grid, logarithmic } from "../support/kernels/sweep.ts";

type Name = "exp" | "log" | "sigmoid" | "tanh";

const BYTES = 8 * 2 ** 20;
const INPUT = 4096;
const OUTPUT = BYTES / 2;

function apply({ arena, kernels }: Bench, name: Name, x: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const n = x.length;
  arena.floats(INPUT, n).set(x);
  arena.floats(OUTPUT, n).fill(NaN);
  kernels[name](OUTPUT, INPUT, 1, n, n, n);
  return arena.floats(OUTPUT, n).slice();
}

/** Assert that the error is at most `bound` ulp, and that the exact build has the bits of the f32 reference. */
function assertAccurate(bench: Bench, name: Name, x: Float32Array, bound: number): void {
  assertNear(name, x, apply(bench, name, x), bound, real[name], bench.numerics === "exact" ? single[name] : undefined);
}

/** Assert that y never falls. The step of the grid is large against the errors, except where a function is flat. */
function assertMonotone(y: Float32Array, name: Name): void {
  for (let i = 1; i < y.length; i++) if (!(y[i] >= y[i - 1])) throw new Error(`${name} falls at ${-30 + i / 4096}`);
}

kernelTest("exp is positive, monotone and accurate on a fine grid", (bench) => {
  const x = grid(-30, 30), y = apply(bench, "exp", x);
  assert(y.every((value) => value > 0));
  assertMonotone(y, "exp");
  assertAccurate(bench, "exp", x, 1.2); // [1.00]
  assertAccurate(bench, "exp", grid(-87, 88).filter((_, i) => i % 5 === 0), 1.2); // [1.01]
}, BYTES);

kernelTest("sigmoid is in (0, 1], monotone and accurate on a fine grid", (bench) => {
  const x = grid(-30, 30), y = apply(bench, "sigmoid", x);
  assert(y.every((value) => value > 0 && value <= 1));
  assertMonotone(y, "sigmoid");
  assertAccurate(bench, "sigmoid", x, 2.7); // [2.43]
  assertAccurate(bench, "sigmoid", grid(-87, 88).filter((_, i) => i % 5 === 0), 2.7);
}, BYTES);

kernelTest("tanh is odd, monotone and accurate on a fine grid", (bench) => {
  const x = grid(-30, 30), y = apply(bench, "tanh", x);
  assert(y.every((value) => value >= -1 && value <= 1));
  assertMonotone(y, "tanh");
  assert(y.every((value, i) => value === -y[y.length - 1 - i])); // odd
  assertAccurate(bench, "tanh", x, 2.7); // [2.47]
  assertAccurate(bench, "tanh", logarithmic(1e-36, 1e-3, 100_000), 1.6); // [1.34]
}, BYTES);

kernelTest("log is accurate on a fine grid", (bench) => {
  assertAccurate(bench, "log", grid(0, 30).subarray(1), 1.2); // [1.00]
  assertAccurate(bench, "log", logarithmic(0.99, 1.01, 100_000), 2.2); // [1.97]
  assertAccurate(bench, "log", logarithmic(1.2e-38, 3.4e38, 100_000), 2); // [1.68]
}, BYTES);

kernelTest("exp, sigmoid, tanh and log are right at special values", (bench) => {
  const low = Math.fround(real.exp(-87)), high = Math.fround(real.exp(88));
  const near = (got: number, want: number) => assert(Math.abs(got - want) <= 2 ** -22 * want, `${got}, not ${want}`);

  const [zero, minusZero, tiny, minusTiny, nan] = apply(bench, "exp", [0, -0, 1e-40, -1e-40, NaN]);
  assertEquals([zero, minusZero, tiny, minusTiny, nan], [1, 1, 1, 1, NaN]);
  for (const y of apply(bench, "exp", [88, 88.5, 1e30, Infinity])) near(y, high);
  for (const y of apply(bench, "exp", [-87, -88, -1e30, -Infinity])) near(y, low);

  assertEquals([...apply(bench, "sigmoid", [0, -0, 1e-40, -1e-40, NaN])], [0.5, 0.5, 0.5, 0.5, NaN]);
  assertEquals([...apply(bench, "sigmoid", [88, 1e30, Infinity])], [1, 1, 1]);
  for (const y of apply(bench, "sigmoid", [-87, -88, -1e30, -Infinity])) near(y, low);

  const signs = [0, -0, 88, -88, 1e30, -1e30, Infinity, -Infinity, NaN];
  assertEquals([...apply(bench, "tanh", signs)], [0, -0, 1, -1, 1, -1, 1, -1, NaN]);
  const denormals = [1e-40, -1e-40, 1.5e-45, -1.5e-45];
  for (const [i, y] of apply(bench, "tanh", denormals).entries()) assertEquals(y, Math.fround(denormals[i]));
  assertEquals([...apply(bench, "log", [1])], [0]);
}, BYTES);
