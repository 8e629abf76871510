/** Every optimizer against PyTorch's, option by option, eight steps (make_optimizers.py). */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  adagrad,
  adam,
  adamw,
  cosine,
  exponentialDecay,
  OptionError,
  rmsprop,
  type Schedule,
  sgd,
  stepDecay,
} from "../../mod.ts";
import { oneCycle, reduceOnPlateau } from "../../schedules.ts";
import { type Arithmetic, sessionOn } from "../support/conformance/kind.ts";
import { torchNames, torchOptimizer, type TorchOptions } from "../support/conformance/torch_optimizer.ts";
import { distance, U } from "../support/rounding.ts";
import { parametersAsOutput, updateWith } from "../support/training/given_gradients.ts";
import cases from "../fixtures/training/optimizers.json" with { type: "json" };

const SIZES = { a: 7, b: 5 }, STEPS = 8;
const PLAN = { batch: 1, steps: 1, train: true };

/** As in make_optimizers.py. */
function numbers(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => Math.fround(Math.fround((i * 37 + seed * 11) % 97 / 48) - 1));
}

interface OptimizerCase {
  optimizer: string;
  options: TorchOptions;
  group: TorchOptions;
  average: number | null;
  float32: number;
  want: Record<string, number[]>;
}

for (const test of cases.optimizers as unknown as OptimizerCase[]) {
  const { optimizer, options, group, average, want } = test;
  const label = [JSON.stringify(options), JSON.stringify(group), average && `average ${average}`].filter(Boolean);
  for (const arithmetic of ["f64", "exact", "fast"] as Arithmetic[]) {
    Deno.test(`PyTorch ${optimizer} ${label.join(" ")}, ${arithmetic}`, async () => {
      using session = await sessionOn(arithmetic, parametersAsOutput(SIZES), {
        ...PLAN,
        averageDecay: average ?? undefined,
        optimizer: torchOptimizer(optimizer, options, { groups: [{ parameters: ["b"], ...torchNames(group) }] }),
      });
      const first = Object.entries(SIZES).map(([name, n], i) => [name, { shape: [n], data: numbers(n, i) }] as const);
      session.setParameters(new Map(first));
      for (let step = 0; step < STEPS; step++) {
        updateWith(session, Object.values(SIZES).flatMap((n, i) => numbers(n, 5 + 2 * step + i)));
      }
      const got = new Map([...session.parameters(), ...session.trainingState().tensors]);
      assertEquals([...got.keys()].toSorted(), Object.keys(want).toSorted());
      for (const [name, { data }] of got) {
        // Copies are rounded to f32, and the numbers are below 8. In single precision the error may be up to twice
        // PyTorch's, which rounds some sums otherwise.
        const error = distance(data, want[name]), bound = arithmetic === "f64" ? 8 * U : 2 * test.float32 + 8 * U;
        assert(error <= bound, `${name}: off by ${error}, more than ${bound}`);
      }
    });
  }
}

interface ScheduleCase {
  schedule: string;
  options: object;
  rates: number[][];
  momentum?: number[];
  metrics?: number[];
}

// deno-lint-ignore no-explicit-any
const SCHEDULES: Record<string, (options: any) => Schedule> = {
  stepDecay,
  exponentialDecay,
  cosine,
  oneCycle,
  reduceOnPlateau,
};

for (const test of cases.schedules as unknown as ScheduleCase[]) {
  Deno.test(`PyTorch ${test.schedule} ${JSON.stringify(test.options)}`, () => {
    const schedule = SCHEDULES[test.schedule](test.options);
    let state = schedule.initial;
    test.rates.forEach(([first, second], step) => {
      // PyTorch multiplies from step to step, some twenty roundings. Near zero its cosine loses digits of the first
      // rate.
      assertAlmostEquals(schedule.rate(0.3, step, state), first, 1e-15, `step ${step}`);
      assertAlmostEquals(schedule.rate(0.02, step, state), second, 1e-15, `step ${step}`);
      if (test.momentum) assertAlmostEquals(schedule.momentum!(step), test.momentum[step], 1e-15, `step ${step}`);
      if (test.metrics && step < test.metrics.length) {
        state = JSON.parse(JSON.stringify(schedule.report!(state, test.metrics[step])));
      }
    });
  });
}

Deno.test("the rate of a schedule with an end is constant after the end", () => {
  assertEquals(cosine({ steps: 10, minimum: 0.1 }).rate(1, 1000, {}), 0.1);
  const cycle = oneCycle({ steps: 10, momentum: [0.8, 0.9] });
  assertEquals([cycle.rate(1, 1000, {}), cycle.momentum!(1000)], [1 / 25 / 1e4, 0.9]);
});

Deno.test("the schedule sets the rate of every update, and of every group", async () => {
  const schedule = stepDecay({ every: 2, factor: 0.5 });
  const groups = [{ parameters: ["b"], learningRate: 4 }];
  using session = await sessionOn("exact", parametersAsOutput(SIZES), {
    ...PLAN,
    optimizer: sgd({ learningRate: 1, schedule, groups }),
  });
  const zero = Object.entries(SIZES).map(([name, n]) => [name, { shape: [n], data: new Float32Array(n) }] as const);
  session.setParameters(new Map(zero));
  const rates = Array.from({ length: 4 }, () => updateWith(session, new Array(12).fill(1)).learningRate);
  assertEquals(rates, [1, 1, 0.5, 0.5]);
  const { a, b } = Object.fromEntries(session.parameters());
  assertEquals([...a.data, ...b.data], [...new Array(7).fill(-3), ...new Array(5).fill(-12)]);
});

Deno.test("a schedule of momentum sets the momentum of SGD and RMSprop, and the first beta of Adam", async () => {
  const schedule: Schedule = { name: "", initial: {}, rate: (rate) => rate, momentum: (updates) => updates ? 0 : 0.5 };
  for (const make of [sgd, rmsprop, adam]) {
    const after = [];
    for (const options of [{ schedule }, {}]) {
      using session = await sessionOn("exact", parametersAsOutput({ a: 1 }), {
        ...PLAN,
        optimizer: make({ learningRate: 0.5, ...make !== adam && { momentum: 0.9 }, ...options }),
      });
      for (const gradient of [1, -0.5, 0.25]) updateWith(session, [gradient]);
      after.push(session.trainingState().tensors);
    }
    const name = make === adam ? "exp_avg.a" : "momentum_buffer.a";
    const [now, before] = after.map((tensors) => tensors.get(name)!.data[0]);
    assert(now !== before, make.name);
    // Without momentum the velocity is the last gradient; for RMSprop, divided by the root of its mean square.
    if (make !== rmsprop) assertEquals(now, 0.25, make.name);
  }
});

Deno.test("options out of range are refused", () => {
  const refused: (() => unknown)[] = [
    () => sgd({ learningRate: -1 }),
    () => sgd({ learningRate: NaN }),
    () => sgd({ momentum: 1 }),
    () => sgd({ nesterov: true }),
    () => sgd({ nesterov: true, momentum: 0.9, dampening: 0.1 }),
    () => sgd({ groups: [{ parameters: ["a"], weightDecay: -1 }] }),
    () => sgd({ schedule: oneCycle({ steps: 9, momentum: [0.8, 0.9] }) }),
    () => adagrad({ schedule: oneCycle({ steps: 9, momentum: [0.8, 0.9] }) }),
    () => adagrad({ initialAccumulator: -1 }),
    () => adagrad({ learningRateDecay: -1 }),
    () => rmsprop({ alpha: 1 }),
    () => rmsprop({ epsilon: -1 }),
    () => adam({ betas: [0.9, 1] }),
    () => adamw({ weightDecay: Infinity }),
    () => stepDecay({ every: 0 }),
    () => exponentialDecay({ factor: -1 }),
    () => cosine({ steps: 5, warmUp: 5 }),
    () => oneCycle({ steps: 1 }),
    () => oneCycle({ steps: 9, rise: 2 }),
    () => oneCycle({ steps: 9, startDivisor: 0 }),
    () => oneCycle({ steps: 9, endDivisor: 0 }),
    () => oneCycle({ steps: 9, curve: "sine" as "linear" }),
    () => reduceOnPlateau({ factor: 1 }),
    () => reduceOnPlateau({ patience: -1 }),
    () => reduceOnPlateau({ mode: "least" as "min" }),
    () => reduceOnPlateau({ thresholdMode: "rel" as "relative" }),
  ];
  for (const make of refused) assertThrows(make, OptionError, undefined, String(make));
});

Deno.test("a number of reductions that no training reaches, as in a broken checkpoint, has the rate of enough of them", () => {
  const { rate, initial } = reduceOnPlateau({ factor: 0.5 });
  const of = (reductions: number) => rate(0.1, 0, { ...initial as object, reductions });
  assertEquals(of(Number.MAX_SAFE_INTEGER), of(100));
});
