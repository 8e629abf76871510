/**
 * The functions of the f64 reference against the engine's (V8's are right to about the last bit), and at their edges.
 */
import { assert, assertEquals } from "@std/assert";
import * as real from "../../src/kernels/real.ts";
import { Generator } from "../../src/random/generator.ts";

const random = new Generator(3);

function sweep(name: string, of: (x: number) => number, want: (x: number) => number, low: number, high: number): void {
  for (let i = 0; i < 20_000; i++) {
    const x = low + (high - low) * random.uniform();
    const error = Math.abs(of(x) - want(x)) / Math.abs(want(x));
    assert(error <= 5e-16 || of(x) === want(x), `${name}(${x}) is ${of(x)}, not ${want(x)}: relative error ${error}`);
  }
}

Deno.test("the functions of real.ts are near the engine's", () => {
  for (const [low, high] of [[-700, 700], [-1, 1], [-1e-6, 1e-6]]) sweep("exp", real.exp, Math.exp, low, high);
  for (const [low, high] of [[-50, 700], [-1, 1], [-1e-6, 1e-6]]) sweep("expm1", real.expm1, Math.expm1, low, high);
  for (const [low, high] of [[0, 2], [0, 1e300], [0.999, 1.001]]) sweep("log", real.log, Math.log, low, high);
  for (const [low, high] of [[-30, 30], [-1, 1], [-1e-6, 1e-6]]) sweep("tanh", real.tanh, Math.tanh, low, high);
  for (const [low, high] of [[-700, 40], [-1, 1]]) {
    sweep("sigmoid", real.sigmoid, (x) => 1 / (1 + Math.exp(-x)), low, high);
  }
  for (const [low, high] of [[-700, 0], [0, 50], [-1e-6, 1e-6]]) {
    sweep("softplus", real.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), low, high);
  }
  // Away from the zeros, where the rounding of 2 pi x dominates in the engine's function.
  sweep("sinTurn", real.sinTurn, (x) => Math.sin(2 * Math.PI * x), 0, 0.3);
  sweep("cosTurn", real.cosTurn, (x) => Math.cos(2 * Math.PI * x), 0, 0.1);
});

Deno.test("power is accurate to n + 1 roundings", () => {
  assertEquals([0, 1, 2, 3, 10].map((n) => real.power(3, n)), [1, 3, 9, 27, 59049]);
  assertEquals([real.power(0, 0), real.power(0, 5), real.power(0.5, 1074), real.power(0.9, 1e6)], [
    1,
    0,
    2 ** -1074,
    0,
  ]);
  for (const x of [0.5, 0.9, 0.999, 1.001]) {
    for (let n = 1; n < 20_000; n += 37) {
      // A squaring doubles the relative error of its factor and adds a rounding: n - 1 roundings in all.
      const want = x ** n, error = Math.abs(real.power(x, n) - want);
      assert(error <= (n + 1) * 2 ** -53 * want + 2 ** -1073, `${x}^${n}`);
    }
  }
});

Deno.test("the functions of real.ts are right at exact values and edges", () => {
  assertEquals([0, 0.25, 0.5, 0.75].map(real.sinTurn), [0, 1, 0, -1]);
  assertEquals([0, 0.25, 0.5, 0.75].map(real.cosTurn), [1, 0, -1, 0]);
  for (const f of [real.exp, real.expm1, real.log, real.sigmoid, real.tanh, real.softplus]) assertEquals(f(NaN), NaN);
  assertEquals([0, -0, Infinity, -Infinity, 1000, -1000].map(real.exp), [1, 1, Infinity, 0, Infinity, 0]);
  assertEquals([0, -0, Infinity, -Infinity].map(real.expm1), [0, -0, Infinity, -1]);
  assertEquals([1, 0, Infinity, -1].map(real.log), [0, -Infinity, Infinity, NaN]);
  assertEquals([0, -0, Infinity, -Infinity].map(real.tanh), [0, -0, 1, -1]);
  assertEquals([0, Infinity, -Infinity].map(real.sigmoid), [0.5, 1, 0]);
  assertEquals([Infinity, -Infinity, 1000].map(real.softplus), [Infinity, 0, 1000]);
  assertEquals(real.exp(-744), Math.exp(-744)); // a subnormal number
  assertEquals(real.exp(709.7), Math.exp(709.7));
  assert(Math.abs(real.log(1e-310) + 713.8013788281542) < 1e-12);
});
