/** Sessions whose threads are workers. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  DisposedError,
  type Layer,
  lstm,
  OptionError,
  recurrent,
  sequential,
  type Session,
  ThreadError,
} from "../../mod.ts";
import { loadModule } from "../../src/kernels/load.ts";
import { KERNEL_NAMES } from "../../src/kernels/access.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { WasmArena } from "../../src/memory/wasm_arena.ts";
import { planTraining } from "../../src/session/plan_training.ts";
import { Session as SessionClass } from "../../src/session/session.ts";
import { Threads } from "../../src/threads/threads.ts";
import { Generator } from "../../src/random/generator.ts";
import { assertSame, type Results } from "../support/cells/trial.ts";

const V = 11, T = 12, B = 10;
const OPTIONS = {
  batch: B,
  steps: T,
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
  clip: clipNorm(1),
};

function net(): Layer {
  const rnn = recurrent(lstm(), { input: 6, hidden: [33, 20], bidirectional: true, dropout: 0.3 });
  return sequential({ rnn, out: dense(40, V) });
}

/** Train on seeded data, some of it with lengths. Returns parameters, gradients and losses. */
function train(session: Session, steps: number): Results {
  const random = new Generator(1), losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const x = Float32Array.from({ length: T * B * 6 }, () => 2 * random.uniform() - 1);
    const y = Int32Array.from({ length: T * B }, () => random.integer(V));
    const lengths = Array.from({ length: B }, () => 1 + random.integer(T));
    losses.push(...Object.values(session.step({ x, y }, i % 2 ? { lengths } : { states: "carry" })));
    losses.push(session.evaluate({ x, y }).loss);
  }
  const tensors = [...session.parameters(), ...session.gradients()].map(([name, { data }], i) =>
    [`${i} ${name}`, data] as const
  );
  return { ...Object.fromEntries(tensors), losses: Float32Array.from(losses) };
}

for (const numerics of ["exact", "fast"] as const) {
  Deno.test(`two, three and four threads have the bits of one, ${numerics}`, async () => {
    using plain = await compile(net(), { ...OPTIONS, numerics });
    const want = train(plain, 20);
    for (const threads of [2, 3, 4]) {
      using session = await compile(net(), { ...OPTIONS, numerics, threads });
      assertEquals(session.threads, threads);
      assertSame(train(session, 20), want, `${threads} threads`);
    }
  });
}

Deno.test("results do not depend on how late a thread is", async () => {
  using plain = await compile(net(), { ...OPTIONS, numerics: "exact" });
  const random = new Generator(2), { plan, start } = await setUp(net(), 3);
  // The first thread delays one call in ten by up to 0.2 ms. Of three threads on two cores, the others are late as
  // well.
  using threads = await start((kernels) => (name) => (...args) => {
    const end = performance.now() + (random.integer(10) ? 0 : 0.2 * random.uniform());
    while (performance.now() < end);
    return (kernels[name] as (...args: number[]) => void)(...args);
  });
  const session = new SessionClass(plan, threads.kernels, threads.arena, threads);
  assertSame(train(session, 5), train(plain, 5), "late");
});

Deno.test("a disposed session refuses calls, and may be disposed twice", async () => {
  const session = await compile(net(), { ...OPTIONS, threads: 2 });
  session[Symbol.dispose]();
  session[Symbol.dispose]();
  assertThrows(() => session.forward(new Float32Array(6 * B)), DisposedError);
});

Deno.test("compile refuses a number of threads that is not an integer from 1 to 64", async () => {
  for (const threads of [0, -1, 1.5, NaN, 65, "2" as unknown as number]) {
    await assertRejects(() => compile(net(), { ...OPTIONS, threads }), OptionError, '"threads" must be an integer');
  }
  using session = await compile(net(), { ...OPTIONS, threads: 1 });
  assertEquals(session.threads, 1);
  const { length } = session.plan;
  using two = await compile(net(), { ...OPTIONS, threads: 2 });
  assertEquals(two.plan.length, length + 1);
  assertEquals(two.plan.at(-1)!.name, "shared of thread 1");
});

Deno.test("without shared memory, or where waiting is forbidden, a session has one thread", async () => {
  const { SharedArrayBuffer } = globalThis, { wait } = Atomics;
  try {
    Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
    using session = await compile(net(), { ...OPTIONS, threads: 2 });
    assertEquals(session.threads, 1);
  } finally {
    globalThis.SharedArrayBuffer = SharedArrayBuffer;
  }
  try {
    Atomics.wait = () => {
      throw new TypeError("not here");
    };
    using session = await compile(net(), { ...OPTIONS, threads: 2 });
    assertEquals(session.threads, 1);
  } finally {
    Atomics.wait = wait;
  }
});

/** A dense layer that on demand also copies rows from beyond the memory; only the last row of a batch is beyond it. */
function faulty(when: { forward?: boolean; refresh?: boolean }): Layer {
  const base = dense(3, 3);
  return {
    ...base,
    plan(scope, x) {
      const layer = base.plan(scope, x), { value } = layer.output;
      const stride = 2 ** 27 / value.stride; // rows 2 GiB / 4 apart
      const fault = (k: Parameters<typeof layer.forward>[0]) =>
        k.copy(value.address, value.address, 5, 1, value.stride, stride * value.stride);
      return {
        ...layer,
        forward(k, extent) {
          layer.forward(k, extent);
          if (when.forward) fault(k);
        },
        refresh(k) {
          layer.refresh(k);
          if (when.refresh) fault(k);
        },
      };
    },
  };
}

Deno.test("when a thread fails before the update, the call throws and the parameters stay", async () => {
  const when = { forward: false };
  using session = await compile(faulty(when), { ...OPTIONS, batch: 5, steps: 1, threads: 2 });
  const data = { x: new Float32Array(15), y: [0, 1, 2, 0, 1] };
  session.step(data);
  const before = session.parameters();
  when.forward = true;
  const error = assertThrows(() => session.step(data), ThreadError, "out of bounds");
  when.forward = false;
  assertEquals(session.parameters(), before);
  assertEquals(assertThrows(() => session.step(data), ThreadError).message, error.message);
  assertEquals(session.parameters(), before);
});

Deno.test("when a thread fails in the update, every later call reports partly updated parameters too", async () => {
  const when = { refresh: false };
  using session = await compile(faulty(when), { ...OPTIONS, batch: 5, steps: 1, threads: 2 });
  const data = { x: new Float32Array(15), y: [0, 1, 2, 0, 1] };
  session.step(data);
  when.refresh = true;
  assertThrows(() => session.step(data), ThreadError, "may be partly updated");
  assertThrows(() => session.parameters(), ThreadError, "may be partly updated");
});

Deno.test("when a thread does not answer, the call throws after the timeout", async () => {
  using _ = workersDo("onmessage = () => postMessage('ready')");
  const { plan, start } = await setUp(net(), 2);
  using threads = await start(undefined, 200);
  using session = new SessionClass(plan, threads.kernels, threads.arena, threads);
  const startTime = performance.now();
  assertThrows(() => session.forward(new Float32Array(6 * B)), ThreadError, "has not answered for 200 ms");
  assert(performance.now() - startTime < 5_000);
});

Deno.test("when a worker does not start, or must not, compile throws", async () => {
  {
    using _ = workersDo("throw new Error('not today')");
    await assertRejects(() => compile(net(), { ...OPTIONS, threads: 2 }), ThreadError, "not today");
  }
  const { Worker } = globalThis;
  let left = 1;
  try {
    globalThis.Worker = class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        if (left-- === 0) throw new TypeError("one is enough");
        super(...args);
      }
    };
    await assertRejects(() => compile(net(), { ...OPTIONS, threads: 3 }), ThreadError, "one is enough");
  } finally {
    globalThis.Worker = Worker;
  }
});

Deno.test("a worker that is refused without a reason, as by a content security policy, is an error that names it", async () => {
  const { Worker } = globalThis;
  globalThis.Worker = class extends EventTarget {
    onerror: ((event: Event) => void) | undefined;
    constructor() {
      super();
      queueMicrotask(() => this.onerror?.(new Event("error")));
    }
    postMessage() {}
    terminate() {}
  } as unknown as typeof Worker;
  try {
    await assertRejects(() => compile(net(), { ...OPTIONS, threads: 2 }), ThreadError, "worker-src blob:");
  } finally {
    globalThis.Worker = Worker;
  }
});

/** Until disposed, every worker runs this script instead. */
function workersDo(script: string): Disposable {
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor() {
      super(`data:text/javascript,${encodeURIComponent(script)}`, { type: "module" });
    }
  };
  return {
    [Symbol.dispose]() {
      globalThis.Worker = Worker;
    },
  };
}

/** The parts that `compile` puts together; `own` replaces the kernels of the first thread. */
async function setUp(net: Layer, count: number) {
  const plan = planTraining(net, OPTIONS, count), arena = new WasmArena(plan.bytes, true);
  const { kernels, module } = await loadModule({ numerics: "exact" }, arena), { map } = plan.planner;
  const start = async (
    own?: (kernels: Kernels) => (name: keyof Kernels) => (...args: number[]) => void,
    timeout?: number,
  ) => {
    const named = own?.(kernels), entries = KERNEL_NAMES.map((name) => [name, named?.(name) ?? kernels[name]]);
    const threads = new Threads(count, { module, kernels: Object.fromEntries(entries), arena, map }, timeout);
    await threads.start();
    return threads;
  };
  return { plan, start };
}
