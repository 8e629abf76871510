/** What a recorded call becomes: how it is cut, and what it waits for. */
import { assert, assertEquals } from "@std/assert";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { loadKernels } from "../../src/kernels/load.ts";
import { Planner } from "../../src/memory/planner.ts";
import { WasmArena } from "../../src/memory/wasm_arena.ts";
import { NAMES, signatures } from "../../src/threads/calls.ts";
import { Recorder } from "../../src/threads/recorder.ts";
import { BARRIER, END, WORDS } from "../../src/threads/replay.ts";

/** A call as it was recorded, or "wait". */
type Line = string | [string, ...number[]];

const B = 6, T = 4, N = 5;

function place() {
  const planner = new Planner(B, T, true, 0, 2);
  const weight = planner.parameter("weight", [40, N]), other = planner.parameter("other", [40]);
  const x = planner.activation("x", T * B, N), y = planner.activation("y", T * B, N);
  const h = planner.activation("h", (T + 1) * B, N, Infinity, B);
  planner.workspace(100);
  planner.finish();
  const programs = [0, 1].map(() => new Int32Array(WORDS * 100));
  const recorder = new Recorder(planner.map, programs, () => {
    throw new Error("full");
  });
  recorder.share({ T, B, active: () => B });
  function lines(thread: number): Line[] {
    const program = programs[thread], all: Line[] = [];
    recorder.close();
    for (let at = WORDS; program[at] !== END; at += WORDS) {
      const name = NAMES[program[at] - 1];
      all.push(
        program[at] === BARRIER ? "wait" : [name, ...program.subarray(at + 1, at + 1 + signatures[name].length)],
      );
    }
    return all;
  }
  return { planner, weight, other, x, y, h, k: recorder.kernels, recorder, lines };
}

Deno.test("every kernel has a signature with as many arguments as the kernel", async () => {
  const kernels = await loadKernels("exact", new WasmArena(65536));
  const lengths = (of: (name: keyof Kernels) => number) => Object.fromEntries(NAMES.map((name) => [name, of(name)]));
  assertEquals([...NAMES].toSorted(), Object.keys(kernels).toSorted() as (keyof Kernels)[]);
  assertEquals(lengths((name) => signatures[name].length), lengths((name) => kernels[name].length));
  assert(NAMES.every((name) => signatures[name].length < WORDS));
});

Deno.test("rows of a step are cut where the batch is, whatever rows a call has", () => {
  const { k, x, h, lines } = place(), ld = x.stride;
  k.copy(h.step(2, B), x.step(1, B), B, N, ld, ld);
  k.copy(h.step(3, B), x.step(2, B), 4, N, ld, ld); // rows 4 and 5 have ended
  k.zero(h.step(3, B) + 4 * 4 * ld, 2, N, ld);
  k.zero(x.at(2), 2, N, ld);
  assertEquals(lines(0), [
    ["copy", h.step(2, B), x.step(1, B), 3, N, ld, ld],
    ["copy", h.step(3, B), x.step(2, B), 3, N, ld, ld],
    ["zero", x.at(2), 1, N, ld],
  ]);
  assertEquals(lines(1), [
    ["copy", h.step(2, B) + 12 * ld, x.step(1, B) + 12 * ld, 3, N, ld, ld],
    ["copy", h.step(3, B) + 12 * ld, x.step(2, B) + 12 * ld, 1, N, ld, ld],
    ["zero", h.step(3, B) + 16 * ld, 2, N, ld],
    ["zero", x.at(3), 1, N, ld],
  ]);
});

Deno.test("a batch is cut so that both have as many steps", () => {
  const { k, x, recorder, lines } = place();
  recorder.share({ T, B, active: (t) => [6, 2, 2, 2][t] }); // rows of 4, 4, 1, 1, 1, 1 steps
  k.zero(x.at(0), B, N, x.stride);
  assertEquals([lines(0), lines(1)], [[["zero", x.at(0), 2, N, x.stride]], [["zero", x.at(2), 4, N, x.stride]]]);
});

Deno.test("rows of all steps are cut in the middle; between the two ways to cut threads wait", () => {
  const { k, x, y, lines } = place(), ld = x.stride, half = T * B / 2;
  k.copy(y.address, x.address, T * B, N, ld, ld);
  k.relu(y.address, y.address, T * B, N, ld, ld);
  k.relu(y.step(3, B), y.step(3, B), B, N, ld, ld);
  assertEquals(lines(1), [
    ["copy", y.at(half), x.at(half), half, N, ld, ld],
    ["relu", y.at(half), y.at(half), half, N, ld, ld],
    "wait",
    ["relu", y.at(3 * B + 3), y.at(3 * B + 3), 3, N, ld, ld],
  ]);
});

Deno.test("a call whose rows do not fit together is cut, and waited for, on its own", () => {
  const { k, x, y, lines } = place(), ld = x.stride;
  k.zero(x.address, B, N, ld);
  k.copy(y.at(1), x.at(0), 3, N, ld, ld); // rows move on by one
  k.add(y.address, y.address, x.address, B, N, ld, ld, ld);
  assertEquals(lines(0), [
    ["zero", x.at(0), 3, N, ld],
    "wait",
    ["copy", y.at(1), x.at(0), 1, N, ld, ld],
    "wait",
    ["add", y.at(0), y.at(0), x.at(0), 3, N, ld, ld, ld],
  ]);
  assertEquals(lines(1)[2], ["copy", y.at(2), x.at(1), 2, N, ld, ld]);
});

Deno.test("a call that reads what another part of it writes is left whole", () => {
  const { k, x, lines } = place(), ld = x.stride;
  k.copy(x.at(B), x.at(0), (T - 1) * B, N, ld, ld);
  assertEquals(lines(0), ["wait", ["copy", x.at(B), x.at(0), (T - 1) * B, N, ld, ld]]);
  assertEquals(lines(1), ["wait"]);
});

Deno.test("what two have read in two ways is written after both", () => {
  const { k, x, y, h, lines } = place(), ld = x.stride;
  k.copy(h.step(1, B), x.step(0, B), B, N, ld, ld);
  k.copy(y.address, x.address, T * B, N, ld, ld); // reads alone do not wait
  assertEquals(lines(0).filter((line) => line === "wait").length, 0);
  k.zero(x.step(0, B), B, N, ld); // as the first one was cut
  assertEquals(lines(0).filter((line) => line === "wait").length, 1);
});

Deno.test("gradients of parameters are cut by their rows, in multiples of 16 where they are flat", () => {
  const { k, weight, other, x, y, planner, lines } = place(), ld = x.stride;
  const dW = weight.gradient.address, db = other.gradient.address, { elements, ranges: { gradient } } = planner;
  k.zero(gradient, 1, elements, elements);
  k.gemmTN(dW, 0, x.address, y.address, 6400, 40, N, T * B, N, ld, ld);
  k.columnSums(db, x.address, T * B, 40, ld);
  const half = 128; // of 240 elements + padding, 256
  assertEquals(elements, 256);
  assertEquals(lines(0), [
    ["zero", gradient, 1, half, elements],
    "wait",
    ["gemmTN", dW, 0, x.address, y.address, 6400, 20, N, T * B, N, ld, ld],
    ["columnSums", db, x.address, T * B, 16, ld],
  ]);
  assertEquals(lines(1), [
    ["zero", gradient + 4 * half, 1, half, elements],
    "wait",
    ["gemmTN", dW + 20 * N * 4, 0, x.at(0) + 80, y.address, 6400 + 448, 20, N, T * B, N, ld, ld],
    ["columnSums", db + 64, x.at(0) + 64, T * B, 24, ld],
  ]);
});

Deno.test("a column of numbers that was cut at any number is not taken for one cut at multiples of 16", () => {
  const { k, x, planner, lines } = place(), ld = x.stride, { gradient } = planner.ranges;
  k.gemmTN(gradient, 0, x.address, x.address, 6400, 40, 1, T * B, 1, ld, ld); // [40, 1]: cut at 20
  k.scale(gradient, 6400, 40); // cut at 16
  assertEquals(lines(0).filter((line) => line === "wait").length, 1);
});

Deno.test("the gradient of a bias that is that of another is copied without waiting", () => {
  const { k, weight, other, x, lines } = place(), ld = x.stride, db = other.gradient.address;
  k.gemmTN(weight.gradient.address, db, x.address, x.address, 6400, 40, N, T * B, N, ld, ld);
  k.copy(other.value.address, db, 1, 40, 40, 40);
  assertEquals(lines(1).length, 2);
  assertEquals(lines(1)[1], ["copy", other.value.address + 80, db + 80, 1, 20, 40, 40]);
});

Deno.test("calls that one thread has are its own, whatever it waits for", () => {
  const { k, x, y, recorder, lines } = place(), ld = x.stride;
  k.zero(x.address, 2, N, ld);
  k.sum(y.address, x.address, N);
  k.zero(x.address, 3, N, ld);
  assertEquals([lines(0).length, lines(1), recorder.alone], [5, ["wait", "wait"], true]);
  k.zero(x.at(3), 1, N, ld);
  assertEquals(recorder.alone, false);
  recorder.clear();
  assertEquals([recorder.empty, recorder.alone], [true, true]);
});
