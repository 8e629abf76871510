/** Trainings of models: how many threads compute, and when their workers are there. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { compile, dense, elman, LanguageModel, lstm, recurrent, sequential } from "../../mod.ts";
import { ThreadError } from "../../src/errors.ts";
import { ThreadChoice } from "../../src/models/thread_choice.ts";
import { TrainingThreads } from "../../src/models/training_threads.ts";
import type { Threads } from "../../src/threads/threads.ts";
import { canStartWorkers, cores } from "../../src/threads/worker.ts";

/** Milliseconds of a step with one thread, and with all. */
interface Paces {
  one: number;
  all: number;
}

/** Lets steps take these times; returns the time of all steps, and the share of them that all threads computed. */
function train(choice: ThreadChoice, { one, all }: Paces, steps: number): { time: number; share: number } {
  let time = 0, threaded = 0;
  for (let i = 0; i < steps; i++) {
    const isThreaded = choice.threads > 1, step = isThreaded ? all : one;
    threaded += Number(isThreaded);
    time += step;
    choice.add(step);
  }
  return { time, share: threaded / steps };
}

Deno.test("threads that help compute, after a trial", () => {
  const { share, time } = train(new ThreadChoice(4), { one: 10, all: 4 }, 2000);
  assert(share > 0.94, `${share}`);
  assert(time < 2000 * 4 * 1.15, `${time}`);
});

Deno.test("threads that do not help cost at most 5 %", () => {
  for (const [one, all] of [[10, 10], [10, 15], [10, 40], [80, 300], [1, 20]]) {
    const { time } = train(new ThreadChoice(4), { one, all }, 5000);
    assert(time < 5000 * one * 1.05, `${one} and ${all}: ${time / 5000}`);
  }
});

Deno.test("the choice follows other programs that take cores and leave them", () => {
  const choice = new ThreadChoice(2);
  const counts = [{ one: 10, all: 6 }, { one: 10, all: 25 }, { one: 10, all: 6 }].map((paces) => {
    train(choice, paces, 1000);
    return train(choice, paces, 1000).share;
  });
  assert(counts[0] > 0.9 && counts[1] < 0.1 && counts[2] > 0.9, counts.join());
});

Deno.test("a training that ends early has one thread", () => {
  assertEquals(train(new ThreadChoice(8), { one: 3, all: 1 }, 60).share, 0);
});

const TEXT = "she sells sea shells by the sea shore. ".repeat(60);
const OPTIONS = { hidden: 16, layers: 1, cell: lstm(), seed: 1 };

/** Counts the workers that run. */
function countWorkers() {
  const { Worker } = globalThis, alive = new Set<unknown>();
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      alive.add(this);
    }
    override terminate() {
      alive.delete(this);
      super.terminate();
    }
  };
  return {
    get alive() {
      return alive.size;
    },
    [Symbol.dispose]() {
      globalThis.Worker = Worker;
    },
  };
}

/** An engine whose workers do not start. */
function withoutWorkers(): Disposable {
  const { Worker } = globalThis;
  globalThis.Worker = class {
    constructor() {
      throw new Error("no worker today");
    }
  } as unknown as typeof Worker;
  return {
    [Symbol.dispose]() {
      globalThis.Worker = Worker;
    },
  };
}

Deno.test("workers are there while a training runs, and the bits are those of one thread", async () => {
  using workers = countWorkers();
  const saved = [];
  for (const threads of [1, 3]) {
    const model = await LanguageModel.create(TEXT, { ...OPTIONS, threads });
    assertEquals(workers.alive, 0);
    const training = model.fit(TEXT, { batch: 4, unroll: 10, epochs: 2 });
    for await (const { step } of training) {
      assertEquals(workers.alive, threads - 1);
      if (step === 3) break;
    }
    assertEquals(workers.alive, 0, "while it is suspended");
    await training;
    assertEquals(workers.alive, 0, "at its end");
    await model.fit(TEXT, { batch: 4, unroll: 10, epochs: 1 });
    saved.push(model.save());
    model.dispose();
  }
  assertEquals(saved[1], saved[0]);
});

Deno.test("workers end when nobody asks for the next event", async () => {
  using workers = countWorkers();
  const model = await LanguageModel.create(TEXT, { ...OPTIONS, threads: 2 });
  const training = model.fit(TEXT, { batch: 4, unroll: 10, epochs: 1 });
  await training.next();
  assertEquals(workers.alive, 1);
  while (workers.alive) await new Promise((resolve) => setTimeout(resolve, 20));
  await training.next();
  assertEquals(workers.alive, 1);
  model.dispose();
  assertEquals(workers.alive, 0);
  await training.return();
});

Deno.test("where workers do not start, auto is one thread and a number is an error", async () => {
  using _ = withoutWorkers();
  const large = () => sequential({ rnn: recurrent(elman(), { input: 8, hidden: 256 }), out: dense(256, 2) });
  const sizes = { batch: 64, steps: 16 };
  const session = await compile(large(), { ...sizes, threads: "auto" });
  assertEquals(session.threads, 1);
  assertEquals(session.forward(new Float32Array(16 * 64 * 8)).length, 16 * 64 * 2);
  session.dispose();
  const message = "Cannot start 2 threads: no worker today";
  await assertRejects(() => compile(large(), { ...sizes, threads: 2 }), ThreadError, message);
  const model = await LanguageModel.create(TEXT, { ...OPTIONS, threads: 2 });
  const before = model.save();
  await assertRejects(async () => await model.fit(TEXT, { epochs: 1 }), ThreadError, message);
  assertEquals(model.save(), before);
  model.dispose();
});

Deno.test("a training whose workers do not start goes on with one thread if the choice is automatic", async () => {
  let starts = 0;
  const crew = {
    count: 2,
    used: 1,
    areStarted: false,
    start: () => Promise.reject(new Error(`${++starts}`)),
    rest() {},
  };
  const events = async function* () {
    for (let step = 0; step < 30; step++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield { type: "step" };
    }
  };
  let seen = 0;
  for await (const _ of new TrainingThreads(crew as unknown as Threads, true).run(events())) seen++;
  assertEquals([seen, starts], [30, 1]);
});

Deno.test("auto is one thread for a small net, for one row, and as many as there are cores for a large net", async () => {
  const net = (hidden: number) => recurrent(elman(), { input: 8, hidden });
  const count = async (hidden: number, batch: number) => {
    using session = await compile(net(hidden), { batch, steps: 16, threads: "auto" });
    return session.threads;
  };
  assertEquals(await count(8, 64), 1);
  assertEquals(await count(1024, 1), 1);
  assertEquals(await count(256, 64), canStartWorkers() ? Math.min(8, cores()) : 1);
});
