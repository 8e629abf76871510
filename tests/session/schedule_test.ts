/** A schedule that throws, or gives numbers that no update can use, stops a step before anything changes. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  compile,
  dense,
  dropout,
  OptionError,
  rmsprop,
  type Schedule,
  sequential,
  type Session,
  sgd,
  squaredError,
} from "../../mod.ts";

/** What the schedule does instead of its rule, if anything. */
interface Fault {
  rate?: () => number;
  momentum?: () => number;
}

function mistake(): never {
  throw new TypeError("a mistake");
}

const FAULTS: Record<string, { fault: Fault; error: new (message: string) => Error; says: string }> = {
  "a rate that is NaN": { fault: { rate: () => NaN }, error: OptionError, says: "got the learning rate NaN" },
  "a rate below 0": { fault: { rate: () => -0.1 }, error: OptionError, says: "expected a finite number >= 0" },
  "an infinite rate": { fault: { rate: () => Infinity }, error: OptionError, says: 'from the schedule "own"' },
  "a rate that f32 cannot hold": { fault: { rate: () => 1e39 }, error: OptionError, says: "learning rate 1e+39" },
  "no rate": { fault: { rate: () => undefined as never }, error: OptionError, says: "learning rate undefined" },
  "a rate that is text": { fault: { rate: () => "0.1" as never }, error: OptionError, says: "learning rate 0.1" },
  "an error of the rate": { fault: { rate: mistake }, error: TypeError, says: "a mistake" },
  "a momentum of 1": { fault: { momentum: () => 1 }, error: OptionError, says: "got the momentum 1" },
  "a momentum that is NaN": { fault: { momentum: () => NaN }, error: OptionError, says: "a number >= 0 and < 1" },
  "an error of the momentum": { fault: { momentum: mistake }, error: TypeError, says: "a mistake" },
};

const OPTIMIZERS = {
  sgd: (schedule: Schedule) => sgd({ momentum: 0.5, schedule }),
  rmsprop: (schedule: Schedule) => rmsprop({ momentum: 0.5, schedule }),
  adam: (schedule: Schedule) => adam({ schedule }),
};

const PART = { x: [1, 2, 3, 4], y: [1, 0] }, FAR = { x: [100, 200, 300, 400], y: [0, 0] };

async function start(make: (schedule: Schedule) => ReturnType<typeof sgd>): Promise<{ session: Session; now: Fault }> {
  const now: Fault = {};
  const schedule: Schedule = {
    name: "own",
    initial: {},
    rate: (base, updates) => now.rate?.() ?? (now.rate ? undefined as never : base / (1 + updates)),
    momentum: () => now.momentum?.() ?? 0.6,
  };
  const net = sequential({ drop: dropout(2, 0.5), output: dense(2, 1) });
  const options = { batch: 2, steps: 1, loss: squaredError(), averageDecay: 0.9 } as const;
  return { session: await compile(net, { ...options, optimizer: make(schedule) }), now };
}

for (const [name, { fault, error, says }] of Object.entries(FAULTS)) {
  Deno.test(`${name}: the step changes nothing, and nothing of it is in the next`, async () => {
    for (const make of Object.values(OPTIMIZERS)) {
      const { session, now } = await start(make), { session: other } = await start(make);
      using a = session, b = other;
      for (let i = 0; i < 3; i++) {
        const before = [a.parameters(), a.trainingState(), a.states()];
        Object.assign(now, fault);
        assertThrows(() => a.step(FAR), error, says);
        assertEquals([a.parameters(), a.trainingState(), a.states()], before);
        now.rate = now.momentum = undefined;
        assertEquals(a.step(PART), b.step(PART));
      }
      assertEquals([a.parameters(), a.trainingState()], [b.parameters(), b.trainingState()]);
    }
  });

  Deno.test(`${name}: an update keeps its parts, and is made once the schedule is right`, async () => {
    const { session, now } = await start(OPTIMIZERS.adam), { session: other } = await start(OPTIMIZERS.adam);
    using a = session, b = other;
    for (const each of [a, b]) each.accumulate(PART), each.accumulate(FAR);
    Object.assign(now, fault);
    const before = [a.parameters(), a.gradients()];
    assertThrows(() => a.update(), error, says);
    assertEquals([a.parameters(), a.gradients()], before);
    now.rate = now.momentum = undefined;
    assertEquals(a.update(), b.update());
    assertEquals([a.parameters(), a.trainingState()], [b.parameters(), b.trainingState()]);
  });
}

Deno.test("discarded parts are as if they had never run, random numbers too", async () => {
  const { session } = await start(OPTIMIZERS.adam), { session: other } = await start(OPTIMIZERS.adam);
  using a = session, b = other;
  for (let i = 0; i < 3; i++) {
    a.accumulate(FAR), a.accumulate(FAR);
    a.discard();
    assertEquals(a.step(PART), b.step(PART));
  }
  assertEquals([a.parameters(), a.trainingState()], [b.parameters(), b.trainingState()]);
});
