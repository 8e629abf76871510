import type { LossKernels } from "./loss_kernels.ts";
import type { PoolingKernels } from "./pooling_kernels.ts";

/**
 * The kernels' calling convention, written down in TypeScript here and, for losses and pooling, in
 * loss_kernels.ts and pooling_kernels.ts alone.
 * `assembly/` implements it twice (plain and relaxed SIMD), `reference/` implements it as scalar loops.
 *
 * Every argument is a whole number. An address is in bytes, 0 stands for "none". A row stride (`ld…`) is in elements.
 * Order: outputs, inputs, dimensions, flags. Matrices are row-major f32 unless said otherwise; `[m, n]` has m rows.
 * Real-valued settings (a learning rate, a temperature) are read from memory, so that a call is a short list of
 * integers that can be recorded and replayed. Sizes are at least 1; nothing outside the named shapes is read or written.
 */
export interface Kernels extends LossKernels, PoolingKernels {
  /** Write the constants of the activation kernels into the first KiB of the memory. Once, before any other kernel. */
  writeConstants(): void;

  // gemm.ts
  /**
   * C = init + A P. C `[m, n]`, A `[m, k]`, P = panels of a `[k, n]` matrix (see `pack`). `init` is the address of an
   * `[m, n]` matrix of row stride `ldi`: C itself accumulates, `ldi = 0` repeats one row (a bias), 0 means zeros.
   * Each element is one chain: start from init, add a(i, k) p(k, j) for k = 0, 1, ... `workspace` holds
   * `min(m, 64) * k` floats.
   */
  gemm(
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
  /**
   * C = C + Aᵀ B. C `[m, n]`, A `[k, m]`, B `[k, n]`. Each element is one chain: start from C, add a(r, i) b(r, j) for
   * r = k - 1, ..., 1, 0. `sums` `[m]`, unless 0, += the column sums of A in the order of `columnSums`. `workspace` holds `min(k, 256) * (n rounded up to 8, and 5 more)` floats.
   */
  gemmTN(
    C: number,
    sums: number,
    A: number,
    B: number,
    workspace: number,
    m: number,
    n: number,
    k: number,
    ldc: number,
    lda: number,
    ldb: number,
  ): void;

  // pack.ts
  /**
   * P = panels of W `[k, n]`: panel j holds columns 8j .. 8j + 7, element (i, 8j + c) at `(j * k + i) * 8 + c`; columns
   * past n are zero. P holds `k * (n rounded up to 8)` floats.
   */
  pack(P: number, W: number, k: number, n: number, ldw: number): void;
  /** P = panels of Wᵀ, where W is `[n, k]`: element (i, 8j + c) is W(8j + c, i). Sizes as in `pack`. */
  packTransposed(P: number, W: number, k: number, n: number, ldw: number): void;

  // activation.ts (y may be x; dx may be dy)
  /** y = exp(x), x clamped to [-87, 88]. `[m, n]` */
  exp(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = log(x) for finite positive normal x. `[m, n]` */
  log(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = 1 / (1 + exp(-x)). `[m, n]` */
  sigmoid(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = tanh(x). `[m, n]` */
  tanh(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = max(x, 0), NaN stays. `[m, n]` */
  relu(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** dx = dy (1 - y²), y = tanh(x). `[m, n]` */
  tanhBackward(
    dx: number,
    dy: number,
    y: number,
    m: number,
    n: number,
    lddx: number,
    lddy: number,
    ldy: number,
  ): void;
  /** dx = dy where y > 0, else 0; y = relu(x). `[m, n]` */
  reluBackward(
    dx: number,
    dy: number,
    y: number,
    m: number,
    n: number,
    lddx: number,
    lddy: number,
    ldy: number,
  ): void;

  // activation_set.ts; settings: f32 `[2]` = alpha, beta
  /**
   * y = f(x), f chosen by `kind`, a number of `ACTIVATION` (activation_kinds.ts; the equations are there). `[m, n]`; y
   * may be x. NaN stays.
   */
  activate(
    y: number,
    x: number,
    settings: number,
    kind: number,
    m: number,
    n: number,
    ldy: number,
    ldx: number,
  ): void;
  /**
   * dx = dy f'(x). relu, tanh and sigmoid read y alone, the others x alone (what is not read may be 0). `[m, n]`; dx
   * may be dy, x or y.
   */
  activateBackward(
    dx: number,
    dy: number,
    x: number,
    y: number,
    settings: number,
    kind: number,
    m: number,
    n: number,
    lddx: number,
    lddy: number,
    ldx: number,
    ldy: number,
  ): void;

  // gate_lstm.ts; z `[B, 4H]` of stride ldz, the others `[B, H]` of stride ldh
  /**
   * z holds the pre-activations of i, f, g, o and receives the gates. c = f cPrev + i g, tc = tanh(c), h = o tc.
   * Chain of c: f cPrev first, then + i g.
   */
  lstmForward(
    h: number,
    c: number,
    tc: number,
    z: number,
    cPrev: number,
    B: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void;
  /**
   * z holds the gates and receives the gradients of their pre-activations; dc holds the gradient of c that arrives from
   * step t + 1 and receives that of cPrev. dct = dc + dh o (1 - tc²).
   */
  lstmBackward(
    z: number,
    dc: number,
    dh: number,
    tc: number,
    cPrev: number,
    B: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void;

  // gate_gru.ts; h, hPrev, dh, dhPrev, rh, drh `[B, H]` of stride ldh
  /**
   * Reset after the product. z `[B, 4H]` holds r, u, nx, nh before activation (nh = h Whn + bhn) and receives
   * r, u, n, nh: r = sigmoid(r), u = sigmoid(u), n = tanh(nx + r nh), h = n + u (hPrev - n).
   */
  gruForward(h: number, z: number, hPrev: number, B: number, H: number, ldz: number, ldh: number): void;
  /**
   * z receives the gradients of r, u, nx, nh before activation; dhPrev += dh u.
   */
  gruBackward(
    z: number,
    dhPrev: number,
    dh: number,
    hPrev: number,
    B: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void;
  /** Reset before the product, first half. z `[B, 3H]` of stride ldz: r = sigmoid(z0) into z0, rh = r hPrev. */
  gruResetForward(rh: number, z: number, hPrev: number, B: number, H: number, ldz: number, ldh: number): void;
  /** Second half: u = sigmoid(z1) into z1, n = tanh(z2) into z2, h = n + u (hPrev - n). */
  gruUpdateForward(h: number, z: number, hPrev: number, B: number, H: number, ldz: number, ldh: number): void;
  /** Undoes the second half: z1 and z2 receive the gradients of u and n before activation; dhPrev += dh u. */
  gruUpdateBackward(
    z: number,
    dhPrev: number,
    dh: number,
    hPrev: number,
    B: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void;
  /** Undoes the first half: z0 receives drh hPrev r (1 - r); dhPrev += drh r. */
  gruResetBackward(
    z: number,
    dhPrev: number,
    drh: number,
    hPrev: number,
    B: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void;

  // layer_norm.ts; stats `[m, 2]` = mean, 1 / sqrt(variance + epsilon) of each row
  /**
   * y = (x - mean) / sqrt(variance + epsilon) gain + bias by rows, variance = sum((x - mean)²) / n; epsilon is an f32
   * in memory. x, y `[m, n]`, y may be x; gain, bias `[n]`. A sum over a row runs in four interleaved chains (element j
   * to chain j mod 4), joined as (s0 + s2) + (s1 + s3).
   */
  layerNorm(
    y: number,
    stats: number,
    x: number,
    gain: number,
    bias: number,
    epsilon: number,
    m: number,
    n: number,
    ldy: number,
    ldx: number,
  ): void;
  /**
   * With xhat = (x - mean) rstd and g = dy gain: dx = (g - mean(g) - xhat mean(g xhat)) rstd; dGain += dy xhat and
   * dBias += dy, rows m - 1, ..., 1, 0. dx may be dy. stats as `layerNorm` left them.
   */
  layerNormBackward(
    dx: number,
    dGain: number,
    dBias: number,
    dy: number,
    x: number,
    stats: number,
    gain: number,
    m: number,
    n: number,
    lddx: number,
    lddy: number,
    ldx: number,
  ): void;

  // softmax.ts
  /** y = softmax(x s) by rows, `[m, n]`; s is the f32 at address `scale` (an inverse temperature). */
  softmax(y: number, x: number, scale: number, m: number, n: number, ldy: number, ldx: number): void;

  // embedding.ts; index `[m]` i32
  /** y(r) = table(index(r)). y `[m, n]` */
  gather(y: number, table: number, index: number, m: number, n: number, ldy: number, ldt: number): void;
  /** y(r) = x(index(r)). y, x, index `[m]` i32 */
  gatherIntegers(y: number, x: number, index: number, m: number): void;
  /** table(index(r)) += y(r) for r = m - 1, ..., 1, 0. */
  scatterAdd(table: number, y: number, index: number, m: number, n: number, ldt: number, ldy: number): void;

  // elementwise.ts
  /** y = x. `[m, n]` */
  copy(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = xᵀ. y `[m, n]`, x `[n, m]` */
  transpose(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = 0. `[m, n]` */
  zero(y: number, m: number, n: number, ldy: number): void;
  // In the next four, y may be a or b; a stride of 0 repeats the one row of a or b (which then is not y).
  /** y = a + b. `[m, n]` */
  add(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;
  /** y = a - b. `[m, n]` */
  subtract(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;
  /** y = a b. `[m, n]` */
  multiply(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;
  /** y += a b. `[m, n]` */
  multiplyAdd(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;

  // reduce.ts
  /** y += column sums of x `[m, n]`, rows m - 1, ..., 1, 0. y `[n]` */
  columnSums(y: number, x: number, m: number, n: number, ldx: number): void;
  /** y = x(0) + ... + x(n - 1), added one by one in f64, then rounded to f32. */
  sum(y: number, x: number, n: number): void;

  // norm.ts
  /**
   * y(b) = sum of |x|^p over block b of x, p the f32 at `power`, above 0; p infinite: the largest |x|, NaN if one is.
   * Blocks of 4096 elements, each in f64. p = 1, 2, infinity over four interleaved chains s0 .. s3 (element i to
   * chain i mod 4), then (s0 + s2) + (s1 + s3), or the largest of these; other p over one chain, |x|^p = exp(p log
   * |x|). y is f64 `[ceil(n / 4096)]`, 8-byte aligned.
   */
  sumPowers(y: number, x: number, power: number, n: number): void;
  /**
   * From `count` block sums of `sumPowers`: norm = sum^(1/p), p the f32 at `power`, or the largest of them for p
   * infinite (f32 at `norm`), scale = min(1, limit / (norm + 1e-6)) (f32 at `scale`), with the f32 at `limit`;
   * computed in f64. A norm that is not finite gives a scale that is NaN or 0.
   */
  clipNorm(norm: number, scale: number, sums: number, limit: number, power: number, count: number): void;

  // clip.ts
  /** x = x s, s the f32 at `scale`; does nothing when s is 1. `[n]` */
  scale(x: number, scale: number, n: number): void;
  /** x clamped to [-v, v], v the f32 at `limit`; NaN stays. `[n]` */
  clipValue(x: number, limit: number, n: number): void;
  /** y = x clamped to [-v, v], v the f32 at `limit`; NaN stays. `[m, n]`; y may be x. */
  clamp(y: number, x: number, limit: number, m: number, n: number, ldy: number, ldx: number): void;
  /** dx = dy where |x| <= v, v the f32 at `limit`, or x is NaN, else 0. `[m, n]`; dx may be dy or x. */
  clampBackward(
    dx: number,
    dy: number,
    x: number,
    limit: number,
    m: number,
    n: number,
    lddx: number,
    lddy: number,
    ldx: number,
  ): void;

  // optimizer.ts: updates as PyTorch 2.13 computes them, operation by operation; settings are f32. `[n]`
  /**
   * Adam and AdamW. settings: step size lr / (1 - b1^t), 1 - b1, b2, 1 - b2, sqrt(1 - b2^t), epsilon, decay (L2), keep
   * (1 - lr decay, decoupled). g' = g + decay p; m += (1 - b1)(g' - m); v = b2 v + (1 - b2) g' g';
   * p = keep p - stepSize m / (sqrt(v) / sqrt(1 - b2^t) + epsilon). With x, not 0 (AMSGrad), x = max(x, v) stands for
   * v in the last of these.
   */
  adam(p: number, m: number, v: number, x: number, g: number, settings: number, n: number): void;
  /** p -= lr (g + decay p). settings: learning rate, decay. */
  sgd(p: number, g: number, settings: number, n: number): void;
  /**
   * settings: learning rate, decay, momentum, mix (1 - dampening; 1 at the first step). g' = g + decay p;
   * v = momentum v + mix g'; p -= lr v, or, if `nesterov`, p -= lr (g' + momentum v).
   */
  sgdMomentum(p: number, v: number, g: number, settings: number, n: number, nesterov: number): void;
  /**
   * settings: learning rate, decay, alpha, 1 - alpha, epsilon, momentum. g' = g + decay p;
   * v = alpha v + (1 - alpha) g' g'; with a, not 0 (centered), a += (1 - alpha)(g' - a) and s = v - a a, else s = v;
   * r = sqrt(s) + epsilon; with b, not 0, b = momentum b + g' / r and p -= lr b, else p -= lr g' / r.
   */
  rmsprop(p: number, v: number, a: number, b: number, g: number, settings: number, n: number): void;
  /** settings: learning rate, decay, epsilon. g' = g + decay p; v += g' g'; p -= lr g' / (sqrt(v) + epsilon). */
  adagrad(p: number, v: number, g: number, settings: number, n: number): void;
  /** a += mix (p - a), mix the f32 at that address: an exponential moving average. */
  average(a: number, p: number, mix: number, n: number): void;

  // random.ts (Philox4x32-10, Salmon et al. 2011). Block b of four outputs: counter (b, step, stream0, stream1), key
  // (seed0, seed1)
  /** y(i) = low + (high - low) u, u = (word >>> 8) 2^-24. bounds: f32 `[2]` = low, high. `[n]`. Step 0. */
  randomUniform(
    y: number,
    bounds: number,
    n: number,
    seed0: number,
    seed1: number,
    stream0: number,
    stream1: number,
  ): void;
  /**
   * Normal numbers of mean 0 and deviation 1 by Box and Muller, from words (w0, w1, w2, w3) of a block:
   * y0 = q(w0) cos t(w1), y1 = q(w0) sin t(w1), y2, y3 likewise from w2, w3; q(w) = sqrt(-2 log(((w >>> 8) + 1) 2^-24)),
   * t(w) = 2 pi (w >>> 8) 2^-24. `[n]`. Step 0.
   */
  randomNormal(y: number, n: number, seed0: number, seed1: number, stream0: number, stream1: number): void;
  /**
   * mask(r, c) = 0 where u < p, else 1 / (1 - p); p is the f32 at `rate`, u = (word >>> 8) 2^-24 of element
   * (first + r) n + c. The step is the i32 at `counter`, stream0 = `stream`, stream1 = 0. mask `[m, n]`
   */
  dropoutMask(
    mask: number,
    rate: number,
    counter: number,
    first: number,
    m: number,
    n: number,
    ldm: number,
    seed0: number,
    seed1: number,
    stream: number,
  ): void;
}
