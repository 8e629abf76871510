/** The kernels of int8 weights, a part of `Kernels` with the same conventions; see kernels.ts. `./int8` has them. */
export interface Int8Kernels {
  // int8.ts
  /** C = init + A Wᵀ, with A rounded row by row and W in the panels of `packInt8`. */
  gemmInt8(
    C: number,
    init: number,
    A: number,
    P: number,
    workspace: number,
    m: number,
    n: number,
    k: number,
    ldc: number,
    ldi: number,
    lda: number,
  ): void;
  /** P = the int8 weights of W with their scales, in panels. */
  packInt8(P: number, W: number, k: number, n: number, ldw: number): void;
}

/** What follows a matrix's name in the name of the scales of its int8 rows. */
export const SCALE = ".scale";

/** How each kernel of `Int8Kernels` accesses its arguments, in the notation of `parse` in access.ts. */
export const INT8_ACCESS: Readonly<Record<keyof Int8Kernels, string>> = {
  gemmInt8: "C>4ldc init<4ldi A<4lda P< workspace! m* n k ldc ldi lda",
  packInt8: "P> W< k n ldw",
};
