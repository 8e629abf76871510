/** `fit` with `accumulate` above 1: the last, smaller update of an epoch, and failures between two batches. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  adam,
  type Batch,
  compile,
  crossEntropy,
  dense,
  dropout,
  embedding,
  fit,
  gru,
  NonFiniteError,
  recurrent,
  type Schedule,
  sequential,
  type Session,
  type TrainerOptions,
  type TrainerState,
  type TrainingEvent,
} from "../../mod.ts";
import { everything } from "../support/trainer/trainer_net.ts";

/** An epoch of 7 batches: updates of 2, 2, 2 and 1. */
function epochOf(n: number): Batch[] {
  return Array.from(
    { length: 7 },
    (_, i) => ({ x: [(7 * n + i) % 10, 2, 3, (i + 4) % 10, 5, 6], y: [1, 2, 3, 4, 5, 6] }),
  );
}

const SCHEDULE: Schedule = { name: "own", initial: {}, rate: (base) => base, report: (state) => state };

function start(schedule = SCHEDULE): Promise<Session> {
  const net = sequential({
    embedding: embedding(10, 4),
    drop: dropout(4, 0.2),
    rnn: recurrent(gru(), { input: 4, hidden: 6 }),
    output: dense(6, 10),
  });
  const learning = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.01, schedule }) };
  return compile(net, { batch: 2, steps: 3, seed: 3, numerics: "exact", ...learning });
}

Deno.test("an evaluation that is due at an epoch's smaller last update takes place, also after a break there", async () => {
  const evaluate = { data: epochOf(0), every: 2 };
  const wanted = ["2 of 1", "4 of 1", "6 of 2", "8 of 2"];
  const ends: unknown[] = [];
  for (const breakAt of [undefined, 2, 4, 6, 8]) {
    using session = await start();
    const training = fit(session, epochOf, { epochs: 2, accumulate: 2, evaluate });
    const events: TrainingEvent[] = [];
    while (events.at(-1)?.type !== "end") {
      for await (const event of training) {
        events.push(event);
        if (event.type === "step" && event.step === breakAt) break;
      }
    }
    const evaluations = events.filter(({ type }) => type === "evaluation");
    assertEquals(evaluations.map(({ step, epoch }) => `${step} of ${epoch}`), wanted, `break at ${breakAt}`);
    ends.push([events, everything(session)]);
    assertEquals(ends.at(-1), ends[0]);
  }
});

/** Faults that occur once, in the middle of an update. */
const FAILURES: Record<
  string,
  (fail: () => boolean) => { data?: (n: number) => Iterable<Batch>; schedule?: Schedule }
> = {
  "the data throw": (fail) => ({
    *data(n) {
      for (const [i, batch] of epochOf(n).entries()) {
        if (i === 3 && fail()) throw new Error("the disk is busy");
        yield batch;
      }
    },
  }),
  "a batch is refused": (fail) => ({
    data: (n) => epochOf(n).map((batch, i) => i === 3 && fail() ? { ...batch, y: [1, 2, 3, 4, 5, 10] } : batch),
  }),
  "a weight is NaN": (fail) => ({
    data: (n) => epochOf(n).map((batch, i) => i === 5 && fail() ? { ...batch, weights: [1, NaN] } : batch),
  }),
  "the schedule throws": (fail) => ({
    schedule: {
      ...SCHEDULE,
      rate(base, updates) {
        if (updates === 2 && fail()) throw new Error("the schedule has a mistake");
        return base;
      },
    },
  }),
  "the schedule gives NaN": (fail) => ({
    schedule: { ...SCHEDULE, rate: (base, updates) => updates === 3 && fail() ? NaN : base },
  }),
  "the schedule refuses a metric": (fail) => ({
    schedule: {
      ...SCHEDULE,
      report(state) {
        if (fail()) throw new Error("the schedule has a mistake");
        return state;
      },
    },
  }),
};

for (const [name, make] of Object.entries(FAILURES)) {
  for (const evaluate of [undefined, { data: epochOf(9), every: 3 }]) {
    Deno.test(`${name}, ${evaluate ? "with" : "without"} evaluations: resumed bit for bit`, async () => {
      const options: TrainerOptions = { epochs: 2, accumulate: 2, carry: true, evaluate };
      using whole = await start();
      const training = fit(whole, epochOf, options);
      const wanted = await Array.fromAsync(training);

      let failures = 0;
      const { data = epochOf, schedule } = make(() => failures++ === 0);
      using session = await start(schedule);
      const events: TrainingEvent[] = [];
      const run = async (training: AsyncIterable<TrainingEvent>) => {
        for await (const event of training) events.push(event);
      };
      const first = fit(session, data, options);
      await assertRejects(() => run(first));
      const file = session.checkpoint({ extra: first.state, tensors: first.tensors() });
      using other = await start(schedule);
      const { extra, tensors } = other.restore(file);
      await run(fit(other, data, { ...options, resume: { state: extra as TrainerState, tensors } }));
      assertEquals(events, wanted);
      assertEquals(everything(other), everything(whole));
      // The same training goes on, too.
      await run(first);
      assertEquals(everything(session), everything(whole));
    });
  }
}

Deno.test("a loss that is not finite takes back all batches of its update", async () => {
  using session = await start();
  const before = everything(session);
  const parameters = session.parameters();
  const data = function* (): Generator<Batch> {
    yield epochOf(1)[0];
    parameters.get("output.bias")!.data[0] = Infinity;
    session.setParameters(parameters);
    yield epochOf(1)[1];
  };
  await assertRejects(() => Array.fromAsync(fit(session, data, { accumulate: 2 })), NonFiniteError);
  parameters.get("output.bias")!.data[0] =
    (before as { parameters: typeof parameters }).parameters.get("output.bias")!.data[0];
  session.setParameters(parameters);
  assertEquals(everything(session), before);
});
