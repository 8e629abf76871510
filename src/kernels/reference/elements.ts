import type { Arena } from "../../memory/arena.ts";

/** All numbers of an arena in one view: the element at an address is at index address >> 2. Made once a kernel call. */
export function elements(arena: Arena): Float32Array | Float64Array {
  return arena.floats(0, arena.bytes / 4);
}
