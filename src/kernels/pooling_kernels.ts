/** The kernels of pooling over the steps of a sequence; conventions as in kernels.ts, of which this is a part. */
export interface PoolingKernels {
  // rows.ts
  /**
   * y(r) = s(r) x(r), or y(r) += s(r) x(r) if `accumulate`. y, x `[m, n]`, y may be x; s `[m]`, an element every lds.
   * A stride of 0 repeats the one element of s, or the one row of x.
   */
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
  /**
   * y(r) = sum_j a(r, j) b(r, j). a, b `[m, n]`; y `[m]`, an element every ldy. ldb = 0 repeats the one row of b. A sum
   * runs in four interleaved chains (element j to chain j mod 4), joined as (s0 + s2) + (s1 + s3).
   */
  rowDots(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;

  // softmax.ts
  /** dx = y (dy - sum_j dy(j) y(j)) by rows, y = softmax(x); the sum as in `rowDots`. `[m, n]`; dx may be dy. */
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

  // maximum.ts; step `[m, n]` i32
  /**
   * Step t of the largest of each element over the steps of a sequence: y = x and step = t where x > y, or x is NaN and
   * y is not; everywhere when t is 0. `[m, n]`
   */
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
  /** dx = dy where step is t, else 0. `[m, n]` */
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
