/**
 * Runs a kernel and its reference kernels on the same memory, and compares the whole memory.
 *
 * A test lays out its matrices in a `Space`. They start at addresses that are multiples of 4 but not of 16, and every
 * float between and around them, in the gaps of a row stride too, is a NaN of known bits (a canary): a read outside
 * poisons the results, a write outside leaves a mark. In turn one of the matrices lies against the end of the memory,
 * where a read outside traps, whether its result is used or not. Outputs are filled with NaN.
 */
import { assert } from "@std/assert";
import { int8Of } from "../../../src/kernels/builds.ts";
import type { Kernels } from "../../../src/kernels/kernels.ts";
import { loadKernels, type Numerics } from "../../../src/kernels/load.ts";
import { referenceKernels } from "../../../src/kernels/reference/reference_kernels.ts";
import { ReferenceArena } from "../../../src/memory/reference_arena.ts";
import { WasmArena } from "../../../src/memory/wasm_arena.ts";
import { Generator } from "../../../src/random/generator.ts";
import { type Region, Space } from "./space.ts";

export const BUILDS: Record<string, Numerics> = { exact: "exact", fast: "fast" };

/** Half an ulp of 1: the largest relative error of one rounding to f32. */
export const U = 2 ** -24;

/**
 * The largest difference of an element from the f64 reference: `absolute`, plus `relative` times its absolute value,
 * plus `chain + 2` roundings of the sum of the absolute values of its terms (the f64 reference computes it from
 * absolute values). With an infinite `absolute` only bits are compared.
 */
export interface Tolerance {
  absolute?: number;
  relative?: number;
  chain?: number;
}

/** Places the matrices of a call and returns the call. */
export type Scene = (space: Space) => (kernels: Kernels) => void;

export interface Bench {
  numerics: Numerics;
  arena: WasmArena;
  kernels: Kernels;
  /**
   * Run the call in wasm and in the reference kernels. The exact build, and one of int8 weights, must have the bits of
   * the f32 reference. All builds must be near the f64 reference. Neither may write outside the matrices of the scene.
   */
  check(scene: Scene, tolerance: Tolerance, label?: string): void;
}

/** A test for each build, by default the two of the main entry. `bytes` is the size of the memory. */
export function kernelTest(name: string, run: (bench: Bench) => void, bytes = 65536, builds = BUILDS): void {
  for (const [build, numerics] of Object.entries(builds)) {
    Deno.test(`${name} (${build})`, async () => run(await makeBench(numerics, bytes)));
  }
}

const CANARY = 0x7fc5a5a5;
const FIRST = 1024; // the constants of the activation kernels end here
const random = new Generator(1);
const NUMBERS = Float32Array.from({ length: 1 << 16 }, () => 2 * random.uniform() - 1);

async function makeBench(numerics: Numerics, bytes: number): Promise<Bench> {
  const arena = new WasmArena(bytes), reference = new WasmArena(bytes);
  const exact = new ReferenceArena(bytes), sizes = new ReferenceArena(bytes);
  const kernels = await loadKernels(numerics, arena);
  const f32Kernels = referenceKernels(reference, "f32");
  const f64Kernels = referenceKernels(exact, "f64"), sizeKernels = referenceKernels(sizes, "f64");
  const before = arena.ints(0, bytes / 4).slice();
  const hasOneResult = numerics === "exact" || int8Of({ numerics }) !== undefined;
  let turn = 0;

  function check(scene: Scene, tolerance: Tolerance, label = ""): void {
    before.fill(CANARY, FIRST / 4);
    const space = new Space(before, FIRST, turn % 6, NUMBERS, turn * 101);
    turn++;
    const call = scene(space);

    for (const memory of [arena, reference]) memory.ints(0, before.length).set(before);
    call(kernels);
    call(f32Kernels);
    fillReference(exact, before, space.regions, (x) => x);
    call(f64Kernels);
    if (tolerance.chain !== undefined) {
      fillReference(sizes, before, space.regions, Math.abs);
      call(sizeKernels);
    }

    for (const region of space.regions) {
      if (hasOneResult) compareBits(arena, reference, region, label);
      if (tolerance.absolute !== Infinity) compareNear(arena, exact, sizes, region, tolerance, label);
    }
    for (const memory of [arena, reference]) {
      const after = memory.ints(0, before.length);
      for (const region of space.regions) restore(after, before, region);
      for (let i = 0; i < before.length; i++) {
        if (after[i] !== before[i]) throw new Error(`${label}: wrote outside, at byte ${4 * i}: ${space}`);
      }
    }
  }
  return { numerics, arena, kernels, check };
}

/** Copy the matrices of a scene into an arena of doubles. Everything else becomes NaN. */
function fillReference(arena: ReferenceArena, before: Int32Array, regions: Region[], of: (x: number) => number): void {
  arena.floats(0, arena.bytes / 4).fill(NaN);
  for (const { kind, address, rows, columns, stride } of regions) {
    for (let i = 0; i < rows; i++) {
      const start = address + 4 * i * stride;
      if (kind === "i32") arena.ints(start, columns).set(new Int32Array(before.buffer, start, columns));
      else if (kind === "f64") arena.doubles(start, columns).set(new Float64Array(before.buffer, start, columns));
      else arena.floats(start, columns).set(new Float32Array(before.buffer, start, columns).map(of));
    }
  }
}

/** Compare bits, except those of NaN: they differ between engines. */
function compareBits(arena: WasmArena, reference: WasmArena, region: Region, label: string): void {
  if (region.kind === "scratch" || region.kind === "f64") return;
  const gotBits = arena.ints(0, arena.bytes / 4), wantBits = reference.ints(0, arena.bytes / 4);
  const got = arena.floats(0, arena.bytes / 4), want = reference.floats(0, arena.bytes / 4);
  for (let i = 0; i < region.rows; i++) {
    for (let j = 0; j < region.columns; j++) {
      const at = region.address / 4 + i * region.stride + j;
      if (gotBits[at] === wantBits[at] || (got[at] !== got[at] && want[at] !== want[at])) continue;
      throw new Error(`${label}: ${region.name} (${i}, ${j}) is ${got[at]}, the f32 reference has ${want[at]}`);
    }
  }
}

function compareNear(
  arena: WasmArena,
  exact: ReferenceArena,
  sizes: ReferenceArena,
  region: Region,
  { absolute = 0, relative = 0, chain }: Tolerance,
  label: string,
): void {
  const { kind, name, address, rows, columns, stride } = region;
  if (kind === "scratch") return;
  const view = kind === "f32" ? "floats" : kind === "i32" ? "ints" : "doubles";
  const unit = kind === "f64" ? 8 : 4;
  const got = arena[view](0, arena.bytes / unit), want = exact[view](0, arena.bytes / unit);
  const size = sizes[view](0, arena.bytes / unit);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = address / unit + i * stride + j;
      if (got[at] === want[at] || (got[at] !== got[at] && want[at] !== want[at])) continue;
      const bound = absolute + relative * Math.abs(want[at]) + (chain === undefined ? 0 : (chain + 2) * U * size[at]);
      if (Math.abs(got[at] - want[at]) <= bound) continue;
      throw new Error(`${label}: ${name} (${i}, ${j}) is ${got[at]}, the f64 reference has ${want[at]} +- ${bound}`);
    }
  }
}

/** Restore what a call may have written into its matrices. */
function restore(after: Int32Array, before: Int32Array, { kind, address, rows, columns, stride }: Region): void {
  const width = kind === "f64" ? 2 * columns : columns;
  for (let i = 0; i < rows; i++) {
    const start = address / 4 + i * stride;
    for (let at = start; at < start + width; at++) after[at] = before[at];
  }
}

/** Assert that two views hold the same bits. */
export function assertSameBits(got: Float32Array<ArrayBuffer>, want: Float32Array<ArrayBuffer>, label: string): void {
  const a = new Int32Array(got.buffer, got.byteOffset, got.length);
  const b = new Int32Array(want.buffer, want.byteOffset, want.length);
  assert(a.length === b.length && a.every((word, i) => word === b[i]), `${label}: bits differ`);
}

/** Assert that in every row of a matrix all columns have the same bits. */
export function assertEqualColumns(arena: WasmArena, address: number, rows: number, columns: number): void {
  for (let i = 0; i < rows; i++) {
    const row = arena.ints(address + 4 * i * columns, columns);
    assert(row.every((word) => word === row[0]), `row ${i}: columns differ`);
  }
}
