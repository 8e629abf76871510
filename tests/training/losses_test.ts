/** Claims about every loss, with tolerance zero in the exact build. Outputs are the rows of an embedding. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  absoluteError,
  binaryCrossEntropy,
  compile,
  crossEntropy,
  type Data,
  embedding,
  type Loss,
  OptionError,
  type PlanOptions,
  type Reduction,
  type Session,
  sgd,
  ShapeError,
  squaredError,
  type Targets,
} from "../../mod.ts";
import { ctc, huber, smoothL1 } from "../../losses.ts";
import { Generator } from "../../src/random/generator.ts";

const T = 5, B = 3, C = 4, ROWS = T * B, LENGTHS = [3, 5, 4];
const random = new Generator(5);
const OUTPUTS = Float32Array.from({ length: ROWS * C }, () => 4 * random.uniform() - 2);
const NUMBERS = Float32Array.from(OUTPUTS, () => random.uniform());
const x = Int32Array.from({ length: ROWS }, (_, i) => i);

/** A loss, and the targets of some rows and sequences of the data. */
interface Subject {
  loss(reduction?: Reduction): Loss;
  targets(rows: readonly number[], sequences: readonly number[]): Targets;
  /** Number of losses of a target. Default 1. */
  width?: number;
  perSequence?: true;
}

const LABELS = [[1], [3, 3], [2, 1, 2]];
const numbers = (rows: readonly number[]): Targets => {
  return { y: rows.flatMap((row) => [...NUMBERS.subarray(row * C, (row + 1) * C)]) };
};
const classes = (rows: readonly number[]): Targets => ({ y: rows.map((row) => row % 4 === 1 ? -100 : (row * 7) % C) });

const SUBJECTS: Record<string, Subject> = {
  "cross-entropy": { loss: (reduction) => crossEntropy({ reduction }), targets: classes },
  "cross-entropy, smooth and weighted": {
    loss: (reduction) => crossEntropy({ reduction, labelSmoothing: 0.2, classWeights: [1, 2, 0.5, 3] }),
    targets: classes,
  },
  "squared error": { loss: (reduction) => squaredError({ reduction }), targets: numbers, width: C },
  "absolute error": { loss: (reduction) => absoluteError({ reduction }), targets: numbers, width: C },
  "huber": { loss: (reduction) => huber({ reduction, delta: 0.7 }), targets: numbers, width: C },
  "smooth L1": { loss: (reduction) => smoothL1({ reduction, beta: 0.7 }), targets: numbers, width: C },
  "binary cross-entropy": {
    loss: (reduction) => binaryCrossEntropy({ reduction, positiveWeight: [1, 2, 3, 4] }),
    targets: numbers,
    width: C,
  },
  "ctc": {
    loss: (reduction) => ctc({ reduction }),
    targets: (_, sequences) => ({
      y: sequences.flatMap((b) => LABELS[b]),
      targetLengths: sequences.map((b) => LABELS[b].length),
    }),
    perSequence: true,
  },
};

/** The time-major rows of some sequences and steps in data of T steps and B sequences. */
function rowsOf(sequences: readonly number[], steps: number): number[] {
  return Array.from({ length: steps * sequences.length }, (_, i) => {
    return Math.floor(i / sequences.length) * B + sequences[i % sequences.length];
  });
}

async function session(loss: Loss, outputs = OUTPUTS, options: Partial<PlanOptions> = {}): Promise<Session> {
  const plan = { batch: B, steps: T, loss, optimizer: sgd({ learningRate: 0 }), ...options };
  const made = await compile(embedding(ROWS, C), { ...plan, numerics: "exact" });
  made.setParameters(new Map([["weight", { shape: [ROWS, C], data: outputs }]]));
  return made;
}

function gradient(session: Session): Float32Array {
  return session.gradients().get("weight")!.data;
}

for (const [name, { loss, targets, width = 1, perSequence }] of Object.entries(SUBJECTS)) {
  const all = rowsOf([0, 1, 2], T), data = { x, ...targets(all, [0, 1, 2]) };

  Deno.test(`${name}: a sequence has the same bits alone, in a batch, in another order and batch-first`, async () => {
    using some = await session(loss("sum"));
    const whole = some.losses(data, { lengths: LENGTHS });
    some.step(data, { lengths: LENGTHS });
    const together = gradient(some), apart = new Float32Array(together.length);
    for (let b = 0; b < B; b++) {
      const rows = rowsOf([b], LENGTHS[b]), one = { x: rows, ...targets(rows, [b]) };
      const alone = some.losses(one, { batch: 1 }), n = perSequence ? 1 : LENGTHS[b];
      const within = Array.from({ length: n }, (_, t) => [...whole.subarray((t * B + b) * width).subarray(0, width)]);
      assertEquals([...alone], within.flat(), `losses of sequence ${b}`);
      some.step(one, { batch: 1 });
      gradient(some).forEach((value, i) => apart[i] += value);
    }
    assertEquals(together, apart, "gradients");

    const order = [2, 0, 1], rows = rowsOf(order, T), other = { x: rows, ...targets(rows, order) };
    some.step(other, { lengths: order.map((b) => LENGTHS[b]) });
    assertEquals(gradient(some), together, "in another order");

    using first = await session(loss("sum"), OUTPUTS, { batchFirst: true });
    const turned = Array.from({ length: B }, (_, b) => rowsOf([b], T)).flat();
    first.step({ x: turned, ...targets(turned, [0, 1, 2]) }, { lengths: LENGTHS });
    assertEquals(gradient(first), together, "batch first");
  });

  Deno.test(`${name}: outputs that do not count may be NaN`, async () => {
    // Padding reads row 0 of the embedding. The row belongs to sequence 0, which gets weight 0.
    using good = await session(loss());
    const poisoned = OUTPUTS.slice();
    for (let t = 0; t < T; t++) poisoned.fill(NaN, t * B * C, (t * B + 1) * C);
    const rows = rowsOf([0, 1, 2], T).map((row) => row % B ? row : 0), given = { ...data, weights: [0, 1, 2] };
    using bad = await session(loss(), poisoned);
    const lengths = [5, 3, 4], options = { lengths };
    assertEquals(bad.evaluate({ ...given, x: rows }, options), good.evaluate(given, options));
    assertEquals(bad.losses({ ...given, x: rows }, options), good.losses(given, options));
    assertEquals(bad.step({ ...given, x: rows }, options), good.step(given, options));
    assertEquals(gradient(bad), gradient(good));
  });

  Deno.test(`${name}: mean, sum and losses agree; a weight of 2 counts a sequence twice`, async () => {
    using mean = await session(loss("mean")), sum = await session(loss("sum"));
    const options = { lengths: LENGTHS }, near = (a: number, b: number) => assert(Math.abs(a - b) < 1e-5, `${a}, ${b}`);
    const losses = mean.losses(data, options), { count, loss: value } = mean.evaluate(data, options);
    near(losses.reduce((a, b) => a + b, 0), sum.evaluate(data, options).loss);
    assertEquals(losses, sum.losses(data, options));
    if (name !== "ctc") near(sum.evaluate(data, options).loss, value * count * width);

    const twice = [0, 1, 1], rows = rowsOf(twice, 3), once = rowsOf([0, 1], 3);
    const doubled = { x: once, ...targets(once, [0, 1]), weights: [1, 2] };
    for (const each of [mean, sum]) {
      const want = each.evaluate({ x: rows, ...targets(rows, twice) }), got = each.evaluate(doubled, { batch: 2 });
      near(got.loss, want.loss);
      near(got.count, want.count);
    }
    // Powers of 2 scale without rounding. The targets of all steps have the weight of their sequence.
    const weights = [0.5, 2, 4], want = losses.map((loss, i) => loss * weights[Math.floor(i / width) % B]);
    assertEquals(mean.losses({ ...data, weights }, options), want);
    if (perSequence) return;
    assertEquals(mean.losses({ ...data, weights: all.map((_, i) => weights[i % B]) }, options), want);
  });

  Deno.test(`${name}: in segments, ${perSequence ? "refused" : "the same bits"}`, async () => {
    using whole = await session(loss()), pieces = await session(loss(), OUTPUTS, { steps: 2, recompute: true });
    const given = { ...data, weights: [0.5, 2, 1] }, options = { lengths: LENGTHS };
    if (perSequence) {
      assertThrows(() => pieces.step(given, options), OptionError, "one target a sequence");
      return;
    }
    whole.step(given, options), pieces.step(given, options);
    assertEquals(gradient(pieces), gradient(whole));
  });
}

Deno.test("evaluate returns an infinite loss; with zeroInfinity the loss is 0 and counts", async () => {
  const data = { x: rowsOf([0, 1], 2), y: [1, 1, 2], targetLengths: [2, 1] };
  using infinite = await session(ctc({ reduction: "sum" })), zero = await session(ctc({ zeroInfinity: true }));
  assertEquals(infinite.evaluate(data, { batch: 2 }).loss, Infinity);
  const [first, second] = zero.losses(data, { batch: 2 });
  assertEquals(first, 0);
  assertEquals(zero.evaluate(data, { batch: 2 }), { loss: second / 2, count: 2 });
});

Deno.test("labels that take more steps than their sequence has are refused in training, unless zeroInfinity", async () => {
  const labels = (y: number[], ...targetLengths: number[]) => ({ x, y, targetLengths });
  // Sequences of 3, 5 and 4 steps. The labels of the last take 3 steps, and 1 or 2 between equal neighbours.
  const fits = labels([1, 2, 3, 1, 2, 3, 1, 2, 2, 2, 1], 3, 5, 3), full = [1, 2, 3, 1, 2, 3, 1, 2, 1, 1, 1];
  const cases: [Data, string][] = [
    [
      labels(full, 3, 5, 3),
      "sample 2 has 3 labels and blanks between 2 pairs of equal neighbours, expected at least 5 steps, got 4",
    ],
    [labels([1, 1, 2, 3], 3, 1, 0), "sample 0 has 3 labels and blanks"],
    [labels([1, 2, 1, 2, 1], 0, 0, 5), "sample 2 has 5 labels, expected at least 5 steps, got 4"],
  ];
  using some = await session(ctc()),
    zero = await session(ctc({ zeroInfinity: true })),
    untouched = await session(ctc());
  for (const [data, says] of cases) {
    for (const call of ["step", "accumulate"] as const) {
      const { message } = assertThrows(() => some[call](data, { lengths: LENGTHS }), ShapeError, says);
      assert(message.includes('"zeroInfinity"'), message);
    }
    assertEquals(some.evaluate(data, { lengths: LENGTHS }).loss, Infinity);
    // A sample of weight 0 is not read.
    const weights = [0, 0, 0].with(says.includes("sample 0") ? 1 : 0, 1);
    for (const each of [some, untouched]) each.step({ ...data, weights }, { lengths: LENGTHS });
    assert(Number.isFinite(zero.step(data, { lengths: LENGTHS }).loss));
  }
  assertEquals(some.step(fits, { lengths: LENGTHS }), untouched.step(fits, { lengths: LENGTHS }));
  assertEquals(gradient(some), gradient(untouched));
});

/** Refused calls, and words of the error message. */
const REFUSED: Record<
  string,
  [loss: Loss, data: Partial<Data>, error: typeof ShapeError | typeof OptionError, says: string]
> = {
  "too few numbers": [squaredError(), { y: NUMBERS.subarray(1) }, ShapeError, "expected 15 rows of 4 elements"],
  "a number that is NaN": [squaredError(), { y: NUMBERS.with(9, NaN) }, OptionError, '"y" must be a finite number'],
  "too few weights": [squaredError(), { y: NUMBERS, weights: [1, 1] }, ShapeError, "expected 15, one a target, or 3"],
  "a weight that is infinite": [squaredError(), { y: NUMBERS, weights: [1, 1, Infinity] }, OptionError, '"weights"'],
  "weights that sum to 0": [huber(), { y: NUMBERS, weights: [1, -2, 1] }, OptionError, "sum to 0"],
  "weights that are all 0": [
    huber(),
    { y: NUMBERS, weights: [0, 0, 0] },
    OptionError,
    'every element of "weights" is 0',
  ],
  "a weight of 0 or an ignored target": [
    crossEntropy({ ignoreIndex: 0 }),
    { y: x.map((row) => row % 2), weights: [...x].map((row) => 1 - row % 2) },
    OptionError,
    "is ignored or has weight 0",
  ],
  "a probability above 1": [
    binaryCrossEntropy(),
    { y: NUMBERS.with(9, 1.5) },
    OptionError,
    'Every element of "y" must be a number from 0 to 1, got 1.5 at 9',
  ],
  "a probability below 0": [binaryCrossEntropy(), { y: NUMBERS.with(0, -1) }, OptionError, "0 to 1, got -1 at 0"],
  "classes whose weights are 0": [
    crossEntropy({ classWeights: [1, 0, 1, 1] }),
    { y: x.map(() => 1) },
    OptionError,
    "sum to 0",
  ],
  "labels that are no rows": [ctc(), { y: [1, 2] }, ShapeError, "shape [3, S]"],
  "too few lengths of labels": [ctc(), { y: [1, 2, 3], targetLengths: [1, 2] }, ShapeError, '"targetLengths"'],
  "a length of labels below 0": [ctc(), { y: [1, 2, 3], targetLengths: [1, 3, -1] }, OptionError, '"targetLengths"'],
  "labels of neither layout": [ctc(), { y: [1, 2, 3], targetLengths: [1, 2, 1] }, ShapeError, "4 labels, or shape"],
  "a blank among the labels": [ctc({ blank: 2 }), { y: [1, 2, 3] }, OptionError, 'other class than "blank"'],
  "a label past the last": [ctc(), { y: [1, 4, 3] }, OptionError, "from 0 to 3, got 4 at 1"],
  "more labels than planned": [ctc({ labels: 1 }), { y: [1, 2, 1, 2, 1, 2] }, ShapeError, "allows 1"],
};

for (const [name, [loss, data, error, says]] of Object.entries(REFUSED)) {
  Deno.test(`${name}: wrong calls are refused, and change nothing`, async () => {
    using some = await session(loss), untouched = await session(loss);
    for (const each of [some, untouched]) each.forward(x);
    for (const call of ["step", "evaluate", "losses"] as const) {
      const found = assertThrows(() => some[call]({ x, ...data } as Data), Error, says, call);
      assert(found instanceof error, String(found));
    }
    const dOutput = OUTPUTS.map((value) => value / 2);
    for (const each of [some, untouched]) each.backward(dOutput);
    assertEquals(gradient(some), gradient(untouched));
  });
}

Deno.test("options out of range are refused when the loss is made or planned", async () => {
  const made: [() => Loss, string][] = [
    [() => crossEntropy({ labelSmoothing: 1.1 }), '"labelSmoothing" must be a number from 0 to 1'],
    [() => crossEntropy({ labelSmoothing: NaN }), "labelSmoothing"],
    [() => crossEntropy({ classWeights: [1, Infinity] }), "classWeights"],
    [() => crossEntropy({ reduction: "none" as "sum" }), '"reduction" must be one of "mean", "sum", got "none"'],
    [() => huber({ delta: 0 }), '"delta" must be a finite number > 0'],
    [() => smoothL1({ beta: -1 }), "beta"],
    [() => binaryCrossEntropy({ positiveWeight: [1, NaN] }), "positiveWeight"],
    [() => ctc({ blank: -1 }), "blank"],
    [() => ctc({ labels: 1.5 }), "labels"],
  ];
  for (const [make, says] of made) assertThrows(make, OptionError, says);
  const planned: [Loss, string][] = [
    [crossEntropy({ classWeights: [1, 2] }), '"classWeights" must have 4 elements'],
    [binaryCrossEntropy({ positiveWeight: [1, 2] }), '"positiveWeight" must have 4 elements'],
    [ctc({ blank: 4 }), "from 0 to 3, got 4"],
  ];
  for (const [loss, says] of planned) await assertRejects(() => session(loss), Error, says);
});
