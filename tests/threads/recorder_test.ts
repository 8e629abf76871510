/** What the recorder makes of a call: its partition, and the barriers before it. */
import { assert, assertEquals } from "@std/assert";
import { int8 } from "../../int8.ts";
import { KERNEL_NAMES } from "../../src/kernels/access.ts";
import { ACCESS, type Kernels } from "../../src/kernels/kernels.ts";
import { loadKernels } from "../../src/kernels/load.ts";
import { Planner } from "../../src/memory/planner.ts";
import { WasmArena } from "../../src/memory/wasm_arena.ts";
import { Recorder } from "../../src/threads/recorder.ts";
import { BARRIER, COMMAND_WORDS, END } from "../../src/threads/replay.ts";

/** A recorded command: a call, or "barrier". */
type Command = string | [string, ...number[]];

const B = 6, T = 4, N = 5;

function setUp() {
  const planner = new Planner(B, T, true, 0, 2);
  const weight = planner.parameter("weight", [40, N]), other = planner.parameter("other", [40]);
  const x = planner.activation("x", T * B, N), y = planner.activation("y", T * B, N);
  const h = planner.activation("h", (T + 1) * B, N, Infinity, B);
  planner.workspace(100);
  planner.finish();
  const buffers = [0, 1].map(() => new Int32Array(COMMAND_WORDS * 100));
  const recorder = new Recorder(planner.map, buffers, () => {
    throw new Error("full");
  });
  recorder.partition({ T, B, active: () => B });
  function commands(thread: number): Command[] {
    const buffer = buffers[thread], all: Command[] = [];
    recorder.close();
    for (let at = COMMAND_WORDS; buffer[at] !== END; at += COMMAND_WORDS) {
      const name = KERNEL_NAMES[buffer[at] - 1];
      all.push(
        buffer[at] === BARRIER ? "barrier" : [name, ...buffer.subarray(at + 1, at + 1 + argumentsOf(name))],
      );
    }
    return all;
  }
  return { planner, weight, other, x, y, h, k: recorder.kernels, recorder, commands };
}

/** Number of arguments in the access table. */
function argumentsOf(name: keyof Kernels): number {
  return ACCESS[name].split(" ").filter(Boolean).length;
}

Deno.test("every kernel has an access table of as many arguments as the kernel", async () => {
  const kernels = await loadKernels(int8, new WasmArena(65536)); // the exact kernels and those of int8 weights
  const lengths = (of: (name: keyof Kernels) => number) =>
    Object.fromEntries(KERNEL_NAMES.map((name) => [name, of(name)]));
  assertEquals([...KERNEL_NAMES].toSorted(), Object.keys(kernels).toSorted() as (keyof Kernels)[]);
  assertEquals(lengths(argumentsOf), lengths((name) => kernels[name].length));
  assert(KERNEL_NAMES.every((name) => argumentsOf(name) < COMMAND_WORDS));
});

Deno.test("a call for rows of a step is partitioned as the batch is, whichever rows it has", () => {
  const { k, x, h, commands } = setUp(), ld = x.stride;
  k.copy(h.step(2, B), x.step(1, B), B, N, ld, ld);
  k.copy(h.step(3, B), x.step(2, B), 4, N, ld, ld); // rows 4 and 5 have ended
  k.zero(h.step(3, B) + 4 * 4 * ld, 2, N, ld);
  k.zero(x.at(2), 2, N, ld);
  assertEquals(commands(0), [
    ["copy", h.step(2, B), x.step(1, B), 3, N, ld, ld],
    ["copy", h.step(3, B), x.step(2, B), 3, N, ld, ld],
    ["zero", x.at(2), 1, N, ld],
  ]);
  assertEquals(commands(1), [
    ["copy", h.step(2, B) + 12 * ld, x.step(1, B) + 12 * ld, 3, N, ld, ld],
    ["copy", h.step(3, B) + 12 * ld, x.step(2, B) + 12 * ld, 1, N, ld, ld],
    ["zero", h.step(3, B) + 16 * ld, 2, N, ld],
    ["zero", x.at(3), 1, N, ld],
  ]);
});

Deno.test("a batch is partitioned so that both threads have as many steps", () => {
  const { k, x, recorder, commands } = setUp();
  recorder.partition({ T, B, active: (t) => [6, 2, 2, 2][t] }); // rows of 4, 4, 1, 1, 1, 1 steps
  k.zero(x.at(0), B, N, x.stride);
  assertEquals([commands(0), commands(1)], [[["zero", x.at(0), 2, N, x.stride]], [["zero", x.at(2), 4, N, x.stride]]]);
});

Deno.test("rows of all steps are partitioned in the middle; a barrier stands between the two partitions", () => {
  const { k, x, y, commands } = setUp(), ld = x.stride, half = T * B / 2;
  k.copy(y.address, x.address, T * B, N, ld, ld);
  k.relu(y.address, y.address, T * B, N, ld, ld);
  k.relu(y.step(3, B), y.step(3, B), B, N, ld, ld);
  assertEquals(commands(1), [
    ["copy", y.at(half), x.at(half), half, N, ld, ld],
    ["relu", y.at(half), y.at(half), half, N, ld, ld],
    "barrier",
    ["relu", y.at(3 * B + 3), y.at(3 * B + 3), 3, N, ld, ld],
  ]);
});

Deno.test("a call whose operands begin at different rows has a partition of its own, between barriers", () => {
  const { k, x, y, commands } = setUp(), ld = x.stride;
  k.zero(x.address, B, N, ld);
  k.copy(y.at(1), x.at(0), 3, N, ld, ld); // y begins one row later than x
  k.add(y.address, y.address, x.address, B, N, ld, ld, ld);
  assertEquals(commands(0), [
    ["zero", x.at(0), 3, N, ld],
    "barrier",
    ["copy", y.at(1), x.at(0), 1, N, ld, ld],
    "barrier",
    ["add", y.at(0), y.at(0), x.at(0), 3, N, ld, ld, ld],
  ]);
  assertEquals(commands(1)[2], ["copy", y.at(2), x.at(1), 2, N, ld, ld]);
});

Deno.test("a call that would read what another part of it writes stays whole", () => {
  const { k, x, commands } = setUp(), ld = x.stride;
  k.copy(x.at(B), x.at(0), (T - 1) * B, N, ld, ld);
  assertEquals(commands(0), ["barrier", ["copy", x.at(B), x.at(0), (T - 1) * B, N, ld, ld]]);
  assertEquals(commands(1), ["barrier"]);
});

Deno.test("a barrier stands between two reads in different partitions and a write", () => {
  const { k, x, y, h, commands } = setUp(), ld = x.stride;
  k.copy(h.step(1, B), x.step(0, B), B, N, ld, ld);
  k.copy(y.address, x.address, T * B, N, ld, ld); // reads need no barrier
  assertEquals(commands(0).filter((line) => line === "barrier").length, 0);
  k.zero(x.step(0, B), B, N, ld); // partitioned as the first call
  assertEquals(commands(0).filter((line) => line === "barrier").length, 1);
});

Deno.test("gradients of parameters are partitioned by their rows, and at multiples of 16 where they are flat", () => {
  const { k, weight, other, x, y, planner, commands } = setUp(), ld = x.stride;
  const dW = weight.gradient.address, db = other.gradient.address, { elements, ranges: { gradient } } = planner;
  k.zero(gradient, 1, elements, elements);
  k.gemmTN(dW, 0, x.address, y.address, 6400, 40, N, T * B, N, ld, ld);
  k.columnSums(db, x.address, T * B, 40, ld);
  const half = 128; // of 240 elements + padding, 256
  assertEquals(elements, 256);
  assertEquals(commands(0), [
    ["zero", gradient, 1, half, elements],
    "barrier",
    ["gemmTN", dW, 0, x.address, y.address, 6400, 20, N, T * B, N, ld, ld],
    ["columnSums", db, x.address, T * B, 16, ld],
  ]);
  assertEquals(commands(1), [
    ["zero", gradient + 4 * half, 1, half, elements],
    "barrier",
    ["gemmTN", dW + 20 * N * 4, 0, x.at(0) + 80, y.address, 6400 + 448, 20, N, T * B, N, ld, ld],
    ["columnSums", db + 64, x.at(0) + 64, T * B, 24, ld],
  ]);
});

Deno.test("a column partitioned at any row does not count as one partitioned at multiples of 16", () => {
  const { k, x, planner, commands } = setUp(), ld = x.stride, { gradient } = planner.ranges;
  k.gemmTN(gradient, 0, x.address, x.address, 6400, 40, 1, T * B, 1, ld, ld); // [40, 1]: partitioned at 20
  k.scale(gradient, 6400, 40); // partitioned at 16
  assertEquals(commands(0).filter((line) => line === "barrier").length, 1);
});

Deno.test("the gradient that two biases share is copied without a barrier", () => {
  const { k, weight, other, x, commands } = setUp(), ld = x.stride, db = other.gradient.address;
  k.gemmTN(weight.gradient.address, db, x.address, x.address, 6400, 40, N, T * B, N, ld, ld);
  k.copy(other.value.address, db, 1, 40, 40, 40);
  assertEquals(commands(1).length, 2);
  assertEquals(commands(1)[1], ["copy", other.value.address + 80, db + 80, 1, 20, 40, 40]);
});

Deno.test("the recorder is solo while the first thread has all calls, even with barriers", () => {
  const { k, x, y, recorder, commands } = setUp(), ld = x.stride;
  k.zero(x.address, 2, N, ld);
  k.sum(y.address, x.address, N);
  k.zero(x.address, 3, N, ld);
  assertEquals([commands(0).length, commands(1), recorder.solo], [5, ["barrier", "barrier"], true]);
  k.zero(x.at(3), 1, N, ld);
  assertEquals(recorder.solo, false);
  recorder.clear();
  assertEquals([recorder.empty, recorder.solo], [true, true]);
});
