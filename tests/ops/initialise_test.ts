import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  compile,
  constant,
  forgetBias,
  glorot,
  type Initialiser,
  type Layer,
  normal,
  OptionError,
  orthogonal,
  type OrthogonalOptions,
  type Shape,
  ShapeError,
  uniform,
  zeros,
} from "../../mod.ts";
import { compileReference } from "../support/compile_reference.ts";

/** A layer that does nothing, with two parameters a and b of one shape. */
function parameters(shape: Shape, initial: Initialiser): Layer {
  return {
    input: { kind: "values", width: 1 },
    output: { kind: "values", width: 1 },
    parameters: { a: { shape, initial }, b: { shape, initial } },
    plan: (_scope, x) => ({ output: x, states: [], refresh() {}, forward() {}, backward() {}, gradients() {} }),
  };
}

/** The initial values of both parameters. */
async function first(shape: Shape, initial: Initialiser, seed = 1): Promise<[a: Float32Array, b: Float32Array]> {
  const options = { batch: 1, steps: 1, seed, numerics: "exact" } as const;
  using session = await compile(parameters(shape, initial), options);
  const [a, b] = session.parameters().values();
  return [a.data, b.data];
}

const DRAWN: Record<string, Initialiser> = {
  uniform: uniform(0.25),
  normal: normal(3),
  glorot: glorot(),
  orthogonal: orthogonal(),
  "orthogonal blocks": orthogonal({ blocks: 2 }),
};

for (const [name, initial] of Object.entries(DRAWN)) {
  Deno.test(`${name}: a seed gives the same numbers, another seed or parameter others`, async () => {
    const shape = [12, 7], [a, b] = await first(shape, initial);
    assertEquals(await first(shape, initial), [a, b]);
    assertNotEquals(b, a);
    const others = await first(shape, initial, 2);
    assertNotEquals(others[0], a);
    assertNotEquals(others[1], b);
    using reference = compileReference(parameters(shape, initial), { batch: 1, steps: 1, seed: 1 }, "f32");
    assertEquals(reference.parameters().get("a")!.data, a);
  });
}

const mean = (numbers: Float32Array) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

Deno.test("uniform, normal and glorot have their mean and deviation", async () => {
  const shape = [300, 200], n = 60_000;
  const cases: [Initialiser, deviation: number, bound: number][] = [
    [uniform(0.25), 0.25 / Math.sqrt(3), 0.25],
    [normal(), 1, Infinity],
    [normal(0.02), 0.02, Infinity],
    [glorot(), Math.sqrt(2 / 500), Math.sqrt(6 / 500)],
  ];
  for (const [initial, deviation, bound] of cases) {
    const [a] = await first(shape, initial);
    // Five standard deviations of the mean of n numbers, and of the mean of n squares, which is at most sqrt(2 / n) of
    // the mean.
    assertAlmostEquals(mean(a), 0, 5 * deviation / Math.sqrt(n));
    assertAlmostEquals(mean(a.map((x) => x * x)) / deviation ** 2, 1, 5 * Math.sqrt(2 / n));
    assert(a.every((x) => Math.abs(x) <= Math.fround(bound)));
  }
});

Deno.test("zeros, constant and forgetBias give their numbers", async () => {
  assertEquals((await first([2, 3], zeros()))[0], new Float32Array(6));
  assertEquals((await first([2, 3], constant(-0.1)))[0], new Float32Array(6).fill(-0.1));
  assertEquals((await first([8], forgetBias(1)))[0], Float32Array.of(0, 0, 1, 1, 0, 0, 0, 0));
  assertEquals((await first([4], forgetBias(2, constant(5))))[0], Float32Array.of(5, 2, 5, 5));
  const [a] = await first([8], forgetBias(1, uniform(0.5))), [b] = await first([8], uniform(0.5));
  assertEquals(a, b.map((x, i) => i === 2 || i === 3 ? 1 : x));
});

/** The largest difference between gain² I and the dot products of the rows, or columns, of a block of a matrix. */
function skew(block: Float32Array, [rows, columns]: Shape, gain: number): number {
  const m = Math.max(rows, columns), n = Math.min(rows, columns);
  const at = (line: number, i: number) => rows > columns ? block[i * columns + line] : block[line * columns + i];
  let worst = 0;
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      let product = 0;
      for (let i = 0; i < m; i++) product += at(a, i) * at(b, i);
      worst = Math.max(worst, Math.abs(product - (a === b ? gain * gain : 0)));
    }
  }
  return worst;
}

const SHAPES: readonly [Shape, OrthogonalOptions][] = [
  [[1, 1], {}],
  [[1, 5], {}],
  [[5, 1], {}],
  [[6, 6], { gain: 3 }],
  [[3, 7], {}],
  [[7, 3], {}],
  [[64, 65], {}],
  [[130, 33], { gain: 0.5 }],
  [[28, 7], { blocks: 4 }],
  [[12, 9], { blocks: 3 }],
];

for (const [shape, options] of SHAPES) {
  Deno.test(`orthogonal: right angles in [${shape}], ${JSON.stringify(options)}`, async () => {
    const { gain = 1, blocks = 1 } = options, rows = shape[0] / blocks, size = rows * shape[1];
    const [a] = await first(shape, orthogonal(options));
    for (let b = 0; b < blocks; b++) {
      // Before rounding to f32 the numbers are orthogonal to 1e-15. The roundings of a column add up to less than one.
      const worst = skew(a.subarray(b * size, (b + 1) * size), [rows, shape[1]], gain);
      assert(worst <= gain * gain * 2 ** -23, `off by ${worst}`);
    }
  });
}

Deno.test("orthogonal: all orthogonal matrices are equally likely", async () => {
  const runs = 400, n = 6;
  let traces = 0, squares = 0, corners = 0;
  for (let seed = 0; seed < runs; seed++) {
    const [a] = await first([n, n], orthogonal(), seed);
    let trace = 0;
    for (let i = 0; i < n; i++) trace += a[i * n + i];
    traces += trace / runs, squares += trace * trace / runs, corners += a[n * n - 1] ** 2 / runs;
  }
  // Under the Haar measure the trace has mean 0 and variance 1, a squared element has mean 1 / n (Diaconis &
  // Shahshahani 1994).
  assertAlmostEquals(traces, 0, 5 / Math.sqrt(runs));
  assertAlmostEquals(squares, 1, 5 * Math.sqrt(2 / runs));
  assertAlmostEquals(corners, 1 / n, 5 / n * Math.sqrt(2 / runs));
});

Deno.test("initialisers refuse shapes that they cannot fill, and options that are not numbers", async () => {
  const refused: [Shape, Initialiser, words: string][] = [
    [[5], glorot(), 'Cannot initialise "a": glorot() needs a matrix, got shape [5]'],
    [[5], orthogonal(), "orthogonal() needs a matrix"],
    [[5, 5], orthogonal({ blocks: 2 }), "its 5 rows cannot be split into 2 blocks"],
    [[6], forgetBias(1), "forgetBias() needs the bias of four gates"],
    [[4, 4], forgetBias(1), "got shape [4, 4]"],
  ];
  for (const [shape, initial, words] of refused) await assertRejects(() => first(shape, initial), ShapeError, words);
  const options = [
    () => uniform(-1),
    () => uniform(NaN),
    () => normal(-1),
    () => constant(Infinity),
    () => orthogonal({ gain: NaN }),
    () => orthogonal({ blocks: 0 }),
    () => forgetBias(NaN),
  ];
  for (const make of options) assertThrows(make, OptionError);
});
