import { assert, assertEquals } from "@std/assert";
import { type Region, rowStride, Slot } from "../../src/memory/slot.ts";
import { Planner } from "../../src/memory/planner.ts";
import { Scope } from "../../src/memory/scope.ts";

const BATCH = 5, STEPS = 4, WIDTH = 7;

/** A slot of states 0 to STEPS, BATCH rows each. */
function states(history: boolean, train: boolean): Slot {
  const planner = new Planner(BATCH, STEPS, train);
  const slot = new Scope(planner, new Map()).states("h", WIDTH, history);
  planner.finish();
  return slot;
}

Deno.test("the stride is a multiple of 4 below 64 columns, and an odd multiple of 16 from there on", () => {
  const strides = { 1: 4, 4: 4, 5: 8, 33: 36, 63: 64, 64: 80, 65: 80, 80: 80, 81: 112, 128: 144, 256: 272, 512: 528 };
  for (const [columns, stride] of Object.entries(strides)) assertEquals(rowStride(Number(columns)), stride, columns);
  for (let columns = 1; columns < 2000; columns++) {
    const stride = rowStride(columns);
    assert(stride >= columns && stride % 4 === 0, `${columns}: ${stride}`);
    if (columns < 64) assert(stride < columns + 4, `${columns}: ${stride}`);
    // The least odd number of cache lines that holds the row is at most one line more than the row needs.
    else assert(stride % 32 === 16 && stride < columns + 32, `${columns}: ${stride}`);
  }
});

Deno.test("addresses follow when the region gets its base", () => {
  const region: Region = { base: 0 };
  const slot = new Slot("x", 3, 5, 8, region, 64);
  region.base = 1024;
  assertEquals([slot.address, slot.at(2), slot.bytes], [1088, 1088 + 2 * 8 * 4, 3 * 8 * 4]);
  assertEquals(slot.slice(2, 3).at(1), 1088 + (8 + 2) * 4);
});

for (const [history, train] of [[true, true], [true, false], [false, true]]) {
  Deno.test(`states with a lead lie one after another for every B (history ${history}, train ${train})`, () => {
    const slot = states(history, train);
    assertEquals(slot.rows, (STEPS + 1) * BATCH);
    for (let B = 1; B <= BATCH; B++) {
      assertEquals(slot.row(1, B), BATCH, "state 1 begins at the same row for every B");
      assertEquals(slot.row(0, B), BATCH - B, "state 0 ends at the same row");
      for (let t = 0; t < STEPS; t++) assertEquals(slot.row(t + 1, B) - slot.row(t, B), B);
      assert(slot.row(STEPS, B) + B <= slot.rows, "the last state fits");
    }
  });

  Deno.test(`the outputs are the states from 1 on (history ${history}, train ${train})`, () => {
    const slot = states(history, train), { outputs } = slot;
    assertEquals([outputs.rows, outputs.columns, outputs.stride], [STEPS * BATCH, WIDTH, slot.stride]);
    for (let B = 1; B <= BATCH; B++) {
      for (let t = 0; t < STEPS; t++) assertEquals(outputs.step(t, B), slot.step(t + 1, B));
    }
  });
}

Deno.test("states without history alternate between two blocks", () => {
  const slot = states(false, false);
  assertEquals(slot.rows, 2 * BATCH);
  for (let B = 1; B <= BATCH; B++) {
    for (let t = 0; t <= STEPS; t++) assertEquals(slot.row(t, B), t % 2 ? B : 0);
  }
});

Deno.test("a slice has the steps of its slot", () => {
  for (const slot of [states(true, true), states(false, false)]) {
    const slice = slot.slice(4, 3);
    for (let t = 0; t <= STEPS; t++) assertEquals(slice.step(t, 2), slot.step(t, 2) + 4 * 4);
  }
});

Deno.test("a sequence holds all steps when training, otherwise one", () => {
  for (const train of [true, false]) {
    const planner = new Planner(BATCH, STEPS, train);
    const slot = new Scope(planner, new Map()).sequence("z", WIDTH);
    planner.finish();
    assertEquals(slot.rows, train ? STEPS * BATCH : BATCH);
    for (let t = 0; t < STEPS; t++) assertEquals(slot.row(t, 3), train ? 3 * t : 0);
  }
});
