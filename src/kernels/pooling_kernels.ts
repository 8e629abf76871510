/**
 * The kernels of pooling over the steps of a sequence, a part of `Kernels` with the same conventions; see kernels.ts.
 */
export interface PoolingKernels {
  // rows.ts
  /** y(r) = s(r) x(r), or y(r) += s(r) x(r). */
  scaleRows(
    y: number,
    s: number,
    x: number,
    m: number,
    n: number,
    ldy: number,
    lds: number,
    ldx: number,
    accumulate: number,
  ): void;
  /** y(r) = the dot product of rows a(r) and b(r). */
  rowDots(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;

  // softmax.ts
  /** dx = y (dy - sum_j dy(j) y(j)), row by row, where y = softmax(x). */
  softmaxBackward(
    dx: number,
    dy: number,
    y: number,
    m: number,
    n: number,
    lddx: number,
    lddy: number,
    ldy: number,
  ): void;

  // maximum.ts
  /** y = max(y, x), and step = the time step of the maximum so far. */
  maximum(
    y: number,
    step: number,
    x: number,
    t: number,
    m: number,
    n: number,
    ldy: number,
    lds: number,
    ldx: number,
  ): void;
  /** dx = dy where step is t, else 0. */
  maximumBackward(
    dx: number,
    dy: number,
    step: number,
    t: number,
    m: number,
    n: number,
    lddx: number,
    lddy: number,
    lds: number,
  ): void;
}

/** How each kernel of `PoolingKernels` accesses its arguments, in the notation of `parse` in access.ts. */
export const POOLING_ACCESS: Readonly<Record<keyof PoolingKernels, string>> = {
  scaleRows: "y>4ldy s<4lds x<4ldx m* n ldy lds ldx accumulate",
  rowDots: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
  softmaxBackward: "dx>4lddx dy<4lddy y<4ldy m* n lddx lddy ldy",
  maximum: "y>4ldy step>4lds x<4ldx t m* n ldy lds ldx",
  maximumBackward: "dx>4lddx dy<4lddy step<4lds t m* n lddx lddy lds",
};
