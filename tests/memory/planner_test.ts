import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  adam,
  compile,
  crossEntropy,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  oneHot,
  PlanError,
  recurrent,
  sequential,
  type Shape,
} from "../../mod.ts";
import { type ParameterSlot, Planner } from "../../src/memory/planner.ts";
import { Scope } from "../../src/memory/scope.ts";
import type { Slot } from "../../src/memory/slot.ts";
import { planTraining } from "../../src/session/plan_training.ts";

/** A planner that lists its slots: those that must not overlap, and those that share the same bytes. */
class Ledger extends Planner {
  readonly live: Slot[] = [];
  readonly shared: { scratch: Slot[]; workspace: Slot[] } = { scratch: [], workspace: [] };

  override parameter(name: string, shape: Shape): ParameterSlot {
    const slot = super.parameter(name, shape);
    this.live.push(slot.value);
    if (this.train) this.live.push(slot.gradient);
    return slot;
  }

  override moment(name: string): Slot {
    return this.#note(super.moment(name));
  }

  override derived(name: string, rows: number, columns: number): Slot {
    return this.#note(super.derived(name, rows, columns));
  }

  override activation(name: string, rows: number, columns: number, period?: number, lead?: number): Slot {
    return this.#note(super.activation(name, rows, columns, period, lead));
  }

  override integers(name: string, rows: number): Slot {
    return this.#note(super.integers(name, rows));
  }

  override scratch(name: string, rows: number, columns: number): Slot {
    const slot = super.scratch(name, rows, columns);
    this.shared.scratch.push(slot);
    return slot;
  }

  override workspace(elements: number): Slot {
    const slot = super.workspace(elements);
    this.shared.workspace.push(slot);
    return slot;
  }

  #note(slot: Slot): Slot {
    this.live.push(slot);
    return slot;
  }
}

const BATCH = 3, STEPS = 6;

/** Nets of odd sizes, with every kind of layer, and with two layers of two cells. */
const NETS = {
  embedded: sequential({
    embedding: embedding(11, 5),
    lstm: recurrent(lstm(), { input: 5, hidden: [7, 3] }),
    gru: recurrent(gru({ reset: "before" }), { input: 3, hidden: 65 }),
    decoder: dense(65, 11),
  }),
  hot: sequential({
    input: oneHot(9),
    gru: recurrent(gru(), { input: 9, hidden: 33 }),
    decoder: dense(33, 9),
  }),
};

for (const [name, net] of Object.entries(NETS)) {
  for (const train of [true, false]) {
    const { planner, bytes } = planned(net, train);
    const what = `${name}, train ${train}`;

    Deno.test(`${what}: slots are 64-byte aligned, behind the constants, inside the memory`, () => {
      for (const { name, address, bytes: size } of [...planner.live, ...Object.values(planner.shared).flat()]) {
        assertEquals(address % 64, 0, `${name} at ${address}`);
        assert(address >= 1024 && address + size <= bytes, `${name}: ${address} + ${size} of ${bytes}`);
      }
    });

    Deno.test(`${what}: slots in use at the same time do not overlap`, () => {
      const slots = [...planner.live, ...largest(planner)].toSorted((a, b) => a.address - b.address);
      for (let i = 1; i < slots.length; i++) {
        const { name, address, bytes } = slots[i - 1];
        assert(address + bytes <= slots[i].address, `${name} overlaps ${slots[i].name}`);
      }
    });

    Deno.test(`${what}: all scratch slots share one address, and so do all workspaces`, () => {
      assert(planner.shared.workspace.length > 1);
      for (const slots of Object.values(planner.shared)) {
        assert(new Set(slots.map((slot) => slot.address)).size <= 1);
      }
    });

    Deno.test(`${what}: the memory plan lists every slot, in the order of addresses`, () => {
      const slots = planner.live.toSorted((a, b) => a.address - b.address);
      const rows = planner.table(), shared = largest(planner).map(({ bytes }) => bytes);
      assertEquals(rows.splice(-shared.length).map(({ bytes }) => bytes), shared);
      assertEquals(rows.map(({ name, bytes }) => ({ name, bytes })), slots.map(({ name, bytes }) => ({ name, bytes })));
      assertEquals(rows.length, new Set(slots.map((slot) => slot.address)).size);
    });
  }
}

/** The largest scratch, if there is any, and the largest workspace. */
function largest({ shared }: Ledger): Slot[] {
  return Object.values(shared).flatMap((slots) => slots.toSorted((a, b) => b.bytes - a.bytes).slice(0, 1));
}

Deno.test("parameters, gradients and moments have the same relative layout", () => {
  const { planner, moments } = planned(NETS.embedded, true);
  const { value, gradient } = planner.ranges;
  for (const slot of planner.parameters) {
    assertEquals(slot.value.address - value, slot.gradient.address - gradient, slot.name);
    assertEquals([slot.value.columns, slot.gradient.columns], [slot.size, slot.size], slot.name);
  }
  const last = planner.parameters.at(-1)!;
  const end = last.value.address - value + last.value.bytes;
  for (const moment of moments) assert(moment.bytes >= end, `${moment.name}: ${moment.bytes} of ${end} bytes`);
  assertEquals(planner.elements * 4, Math.ceil(end / 64) * 64);
});

Deno.test("without training a plan has neither gradients nor the states of all steps", () => {
  const training = planned(NETS.embedded, true).planner, inference = planned(NETS.embedded, false).planner;
  const gradients = (planner: Planner) => planner.table().filter(({ group }) => group === "gradients").length;
  assertEquals([gradients(training), gradients(inference)], [training.parameters.length, 0]);
  const state = (planner: Ledger) => planner.live.find((slot) => slot.name === "lstm.c_l0")!;
  assertEquals([state(training).rows, state(inference).rows], [(STEPS + 1) * BATCH, 2 * BATCH]);
});

Deno.test("a session's plan is the table of its planner", async () => {
  const options = { batch: BATCH, steps: STEPS, loss: crossEntropy(), optimizer: adam() };
  using session = await compile(NETS.embedded, options);
  const plan = planTraining(NETS.embedded, options);
  assertEquals([session.plan, session.bytes], [plan.planner.table(), plan.bytes]);
});

Deno.test("a plan of exactly 2 GiB is allowed, the next larger plan is not", () => {
  const elements = (2 ** 31 - 1024) / 4;
  const full = new Planner(1, 1, false), over = new Planner(1, 1, false);
  full.derived("all", 1, elements);
  assertEquals(full.finish(), 2 ** 31);
  over.derived("all", 1, elements + 1);
  assertThrows(() => over.finish(), PlanError, `need ${2 ** 31 + 64} bytes, the limit is ${2 ** 31}`);
});

Deno.test("a net of more than 2 GiB is refused before any memory is allocated", async () => {
  const { Memory } = WebAssembly;
  let made = 0;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made++;
    }
  };
  try {
    (await compile(NETS.hot, { batch: 1, steps: 1 }))[Symbol.dispose]();
    assertEquals(made, 1, "memories are counted");
    for (const [batch, steps] of [[2048, 2048], [2 ** 40, 2 ** 40]]) {
      const error = await assertRejects(() => compile(NETS.hot, { batch, steps, train: true }), PlanError);
      assert(error.message.includes(`batch ${batch} and steps ${steps}`), error.message);
    }
    assertEquals(made, 1);
  } finally {
    WebAssembly.Memory = Memory;
  }
});

/** A net planned as `planTraining` does it, with a ledger, moments and a loss. */
function planned(net: Layer, train: boolean): { planner: Ledger; moments: Slot[]; bytes: number } {
  const planner = new Ledger(BATCH, STEPS, train);
  const declared = Object.entries(net.parameters);
  const scope = new Scope(
    planner,
    new Map(declared.map(([name, { shape }]) => [name, planner.parameter(name, shape)])),
  );
  const moments = train ? [planner.moment("moment 1"), planner.moment("moment 2")] : [];
  const input = { kind: "tokens", width: net.input.width, value: scope.integers("input", STEPS * BATCH) } as const;
  crossEntropy().plan(scope, net.plan(scope, input).output);
  return { planner, moments, bytes: planner.finish() };
}
