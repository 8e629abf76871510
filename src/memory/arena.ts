/**
 * The linear memory of one net. Addresses are in bytes, and an f32 element takes 4 of them, whatever the memory stores:
 * the f64 reference stores a double for every element.
 */
export interface Arena {
  /** Size of the address space in bytes. */
  readonly bytes: number;
  /** A view of `length` elements from `address`. */
  floats(address: number, length: number): Float32Array | Float64Array;
  /** A view of `length` 32-bit integers from `address`. */
  ints(address: number, length: number): Int32Array;
  /** A view of `length` doubles, 8 bytes of address space each. `address` is a multiple of 8. */
  doubles(address: number, length: number): Float64Array;
}
