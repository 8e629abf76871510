import type { Arena } from "../../memory/arena.ts";

/** A view of all elements of an arena: the element at an address has index address >> 2. A kernel call makes one. */
export function elements(arena: Arena): Float32Array | Float64Array {
  return arena.floats(0, arena.bytes / 4);
}
