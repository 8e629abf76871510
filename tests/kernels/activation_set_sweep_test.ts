/**
 * The activations that only `activate` has, on a fine grid. A bound is the measured error (in brackets, both builds)
 * plus a margin.
 */
import { assert, assertEquals } from "@std/assert";
import { ACTIVATION } from "../../src/kernels/activation_kinds.ts";
import * as real from "../../src/kernels/real.ts";
import * as single from "../../src/kernels/reference/single.ts";
import { type Bench, kernelTest } from "../support/kernels/harness.ts";
import { assertNear, grid, logarithmic } from "../support/kernels/sweep.ts";

type Name = "elu" | "softplus" | "softsign";

const BYTES = 8 * 2 ** 20;
const SETTINGS = 2048;
const INPUT = 4096;
const OUTPUT = BYTES / 2;

const TRUTH = {
  elu: (x: number) => x < 0 ? real.expm1(x) : x,
  softplus: real.softplus,
  softsign: (x: number) => x / (1 + Math.abs(x)),
};

const TWIN = {
  elu: (x: number) => x < 0 ? single.expm1(x) : x,
  softplus: single.softplus,
  softsign: (x: number) => Math.fround(x / Math.fround(1 + Math.abs(x))),
};

function apply({ arena, kernels }: Bench, name: Name, x: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const n = x.length;
  arena.floats(SETTINGS, 2).set([1, 0]);
  arena.floats(INPUT, n).set(x);
  arena.floats(OUTPUT, n).fill(NaN);
  kernels.activate(OUTPUT, INPUT, SETTINGS, ACTIVATION[name], 1, n, n, n);
  return arena.floats(OUTPUT, n).slice();
}

function assertAccurate(bench: Bench, name: Name, x: Float32Array, bound: number): void {
  assertNear(name, x, apply(bench, name, x), bound, TRUTH[name], bench.numerics === "exact" ? TWIN[name] : undefined);
}

function negative(x: Float32Array): Float32Array {
  return x.map((value) => -value);
}

kernelTest("elu is accurate on a fine grid", (bench) => {
  assertAccurate(bench, "elu", grid(-30, 3), 1.1); // [0.89]
  assertAccurate(bench, "elu", negative(logarithmic(1e-37, 1, 100_000)), 1.1); // [0.93]
}, BYTES);

kernelTest("softplus is accurate on a fine grid", (bench) => {
  const x = grid(-30, 30), y = apply(bench, "softplus", x);
  assert(y.every((value, i) => value > 0 && value >= x[i]));
  assertAccurate(bench, "softplus", x, 3.5); // [2.73]
  assertAccurate(bench, "softplus", logarithmic(1e-37, 1, 100_000), 2); // [1.70]
  assertAccurate(bench, "softplus", negative(logarithmic(1e-37, 1, 100_000)), 2.2); // [1.83]
  assertAccurate(bench, "softplus", negative(logarithmic(1, 87, 100_000)), 3.5); // [3.18]
}, BYTES);

kernelTest("softsign is odd, and accurate on a fine grid", (bench) => {
  const x = grid(-30, 30), y = apply(bench, "softsign", x);
  assert(y.every((value, i) => value === -y[y.length - 1 - i])); // odd
  assertAccurate(bench, "softsign", x, 0.51); // [0.50]
  assertAccurate(bench, "softsign", logarithmic(1e-37, 1e37, 100_000), 1.6); // [1.45]
}, BYTES);

kernelTest("elu, softplus and softsign are right at zeros, infinities and NaN", (bench) => {
  const special = [0, -0, Infinity, -Infinity, NaN, 100, -100];
  assertEquals([...apply(bench, "elu", special)], [0, -0, Infinity, -1, NaN, 100, -1]);
  const [zero, , high, low, nan, hundred, least] = apply(bench, "softplus", special);
  assertEquals([zero, high, nan, hundred], [Math.fround(real.log(2)), Infinity, NaN, 100]);
  assert(Math.abs(low - real.exp(-87)) < 1e-44 && least === low);
  assertEquals([...apply(bench, "softsign", special)].slice(0, 5), [0, -0, NaN, NaN, NaN]);
}, BYTES);
