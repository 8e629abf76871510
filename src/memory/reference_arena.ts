import type { Arena } from "./arena.ts";

/**
 * The memory of the f64 reference kernels: a double for every f32 element of the address space. Integers and f64 sums
 * lie beside the elements, not over them, so a word must be read as the type as which it was written.
 */
export class ReferenceArena implements Arena {
  readonly bytes: number;
  readonly #floats: Float64Array;
  readonly #ints: Int32Array;
  readonly #doubles: Float64Array;

  /** @param bytes Size of the address space, rounded up to a multiple of 8. The arrays take four times as much. */
  constructor(bytes: number) {
    this.bytes = Math.ceil(bytes / 8) * 8;
    this.#floats = new Float64Array(this.bytes / 4);
    this.#ints = new Int32Array(this.bytes / 4);
    this.#doubles = new Float64Array(this.bytes / 8);
  }

  floats(address: number, length: number): Float64Array {
    return this.#floats.subarray(address / 4, address / 4 + length);
  }

  ints(address: number, length: number): Int32Array {
    return this.#ints.subarray(address / 4, address / 4 + length);
  }

  doubles(address: number, length: number): Float64Array {
    return this.#doubles.subarray(address / 8, address / 8 + length);
  }
}
