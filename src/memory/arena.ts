/**
 * The linear memory of one net, as everything above the kernels sees it. Addresses are in bytes and name f32 elements
 * (4 bytes each), whatever the memory really stores: the f64 reference keeps a double for every such element.
 */
export interface Arena {
  /** Size in bytes of address space. */
  readonly bytes: number;
  /** View of `length` numbers from `address`, valid until the arena grows. */
  floats(address: number, length: number): Float32Array | Float64Array;
  /** View of `length` 32-bit integers from `address`. */
  ints(address: number, length: number): Int32Array;
  /** View of `length` f64 numbers, 8 bytes of address space each, from an `address` that is a multiple of 8. */
  doubles(address: number, length: number): Float64Array;
}
