import { assertEquals, assertThrows } from "@std/assert";
import { PlanError } from "../../src/errors.ts";
import { ReferenceArena } from "../../src/memory/reference_arena.ts";
import { WasmArena } from "../../src/memory/wasm_arena.ts";

Deno.test("WasmArena has whole pages, and one memory under all views", () => {
  const arena = new WasmArena(65537);
  assertEquals(arena.bytes, 131072);
  arena.doubles(8, 1)[0] = 1;
  assertEquals([...arena.ints(8, 2)], [0, 0x3ff00000]);
  assertEquals(arena.floats(12, 1)[0], 1.875);
  assertEquals(arena.memory.buffer.byteLength, arena.bytes);
});

Deno.test("WasmArena refuses more than 2 GiB", () => {
  for (const bytes of [2 ** 31 + 1, Infinity, NaN]) assertThrows(() => new WasmArena(bytes), PlanError, String(bytes));
});

Deno.test("ReferenceArena holds doubles under the addresses of floats", () => {
  const arena = new ReferenceArena(1001);
  assertEquals(arena.bytes, 1008);
  arena.floats(16, 2).set([Math.PI, 1e-300]);
  arena.ints(16, 2).set([1, 2]);
  arena.doubles(16, 1)[0] = 3;
  assertEquals([...arena.floats(20, 1)], [1e-300]);
  assertEquals([...arena.ints(16, 2)], [1, 2]);
  assertEquals([...arena.doubles(16, 1)], [3]);
  assertEquals(arena.floats(0, arena.bytes / 4).length, 252);
});
