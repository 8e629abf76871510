/** A training cut at any event and resumed in another session goes on bit for bit (exact build). */
import { assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  type Batch,
  compile,
  type CompileOptions,
  fit,
  type Metrics,
  OptionError,
  perplexity,
  type Session,
  sgd,
  ShapeError,
  type TrainerOptions,
  type TrainerState,
  type TrainingData,
  type TrainingEvent,
} from "../../mod.ts";
import { reduceOnPlateau } from "../../schedules.ts";
import { accuracy } from "../../metrics.ts";
import { Generator } from "../../src/random/generator.ts";
import { SMALL, smallNet, VOCABULARY } from "../support/session/small_net.ts";
import { classifier, everything, sums } from "../support/trainer/trainer_net.ts";

interface Case {
  session(): Promise<Session>;
  data: TrainingData;
  options: TrainerOptions<Metrics>;
}

const plateau = (options: Partial<CompileOptions> = {}) => {
  return classifier({ optimizer: adam({ schedule: reduceOnPlateau({ patience: 0, factor: 0.7 }) }), ...options });
};

/** Windows of a text in which the next token follows from the one before; states are carried. */
function windows(epoch: number): Batch[] {
  const random = new Generator(9, epoch);
  return Array.from({ length: 4 }, (_, i) => {
    const T = i < 3 ? SMALL.steps : 2, x = Int32Array.from({ length: T * 3 }, () => random.integer(VOCABULARY));
    return { x, y: x.map((token) => (token * 2) % VOCABULARY), batch: 3 };
  });
}

const CASES: Record<string, Case> = {
  "samples, epochs, best by loss": {
    session: () => plateau(),
    data: sums(22),
    options: { epochs: 5, seed: 3, evaluate: { data: sums(9, 2) }, metrics: { accuracy: accuracy() } },
  },
  "samples, steps, averages, best by accuracy, patience": {
    session: () => plateau({ averageDecay: 0.9 }),
    data: sums(17),
    options: {
      steps: 20,
      evaluate: { data: sums(9, 2), every: 3, averages: true },
      metrics: { accuracy: accuracy(), perplexity: perplexity() },
      monitor: "accuracy",
      patience: 4,
    },
  },
  "samples, accumulated, without evaluations": {
    session: () => plateau(),
    data: sums(23),
    options: { epochs: 6, batch: 2, accumulate: 3, bucket: 2 },
  },
  "batches with carried states": {
    session: () => compile(smallNet(), { ...SMALL, optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }) }),
    data: windows,
    options: { epochs: 5, carry: true, evaluate: { data: windows(7), every: 2 }, restoreBest: false },
  },
};

for (const [name, { session, data, options }] of Object.entries(CASES)) {
  Deno.test(`${name}: resumed`, async () => {
    using whole = await session();
    const training = fit(whole, data, options), events: TrainingEvent[] = [], files: Uint8Array[] = [];
    for await (const event of training) {
      events.push(event);
      files.push(whole.checkpoint({ extra: training.state, tensors: training.tensors() }));
    }
    const end = everything(whole);
    for (let cut = 0; cut < events.length - 1; cut++) {
      using other = await session();
      const { extra, tensors } = other.restore(files[cut]), resume = { state: extra as TrainerState, tensors };
      const resumed = fit(other, data, { ...options, resume });
      assertEquals(await Array.fromAsync(resumed), events.slice(cut + 1), `cut after event ${cut}`);
      assertEquals(everything(other), end, `cut after event ${cut}`);
      assertEquals([resumed.state, resumed.tensors()], [training.state, training.tensors()]);
    }
  });
}

Deno.test("a state of another training is refused", async () => {
  using session = await classifier();
  const data = sums(22),
    evaluate = { data: sums(9, 2) },
    training = fit(session, data, { epochs: 1, evaluate, seed: 2 });
  await Array.fromAsync(training);
  const { state } = training, tensors = training.tensors(), odd = { shape: [1], data: [0] };
  const refused: [TrainerOptions, string][] = [
    [{ resume: { state, tensors }, evaluate, seed: 3 }, 'with seed 2: "seed" is 3'],
    [{ resume: { state }, evaluate }, "best parameters"],
    [{ resume: { state: undefined as unknown as TrainerState } }, '"resume.state"'],
    [{ resume: { state: 3 as unknown as TrainerState } }, '"resume.state"'],
    [{ resume: { state: { ...state, step: -1 } } }, '"step"'],
    [{ resume: { state: { ...state, epoch: 0 } } }, '"epoch"'],
    [{ resume: { state: { ...state, loss: undefined } as unknown as TrainerState } }, "loss"],
    [{ resume: { state, tensors: new Map([["other", odd]]) } }, '"other"'],
  ];
  for (const [options, says] of refused) assertThrows(() => fit(session, data, options), OptionError, says);
  const resume = { state: { ...state, epoch: 2, batch: 9 } };
  for (const source of [data, windows(1)]) {
    const error = await Array.fromAsync(fit(session, source, { resume })).catch((error) => error);
    assertEquals([error.name, error.message.endsWith("9 were used already")], ["OptionError", true]);
  }
  const wrong = { state, tensors: new Map([["best.other", odd]]) };
  assertThrows(() => fit(session, data, { resume: wrong, evaluate }), ShapeError, '"other" is not a best parameter');
});
