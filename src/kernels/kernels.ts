import { INT8_ACCESS, type Int8Kernels } from "./int8_kernels.ts";
import { LOSS_ACCESS, type LossKernels } from "./loss_kernels.ts";
import { OPTIMIZER_ACCESS, type OptimizerKernels } from "./optimizer_kernels.ts";
import { POOLING_ACCESS, type PoolingKernels } from "./pooling_kernels.ts";

/**
 * The calling convention of the kernels, in TypeScript. `assembly/` implements it twice, in plain and in relaxed SIMD;
 * `reference/` implements it in scalar loops.
 *
 * Every argument is an integer: an address in bytes (0 stands for "none"), a dimension, a row stride in elements
 * (`ldx` of x), or a flag. The order is outputs, inputs, dimensions, strides, flags. Matrices are row-major f32. A
 * kernel reads a real-valued setting, such as a learning rate, from memory, so that a call is a short list of integers,
 * which can be recorded and replayed. Sizes are at least 1. A kernel reads and writes nothing outside the shapes of its
 * arguments.
 *
 * A sentence here says what a kernel computes. Its header in `assembly/`, in the file named above it, has the equation,
 * the order of summation, and a line for each argument with shape, direction and aliasing. The table below says which
 * arguments a kernel reads and writes; tests/architecture_kernels.ts compares the three.
 */
export interface Kernels extends LossKernels, OptimizerKernels, PoolingKernels, Int8Kernels {
  // constants.ts
  /** Write the constants of the kernels into the first KiB of the memory, once, before any other kernel runs. */
  writeConstants(): void;

  // gemm.ts, gemm_tn.ts
  /** C = init + A P: a matrix product whose right operand is packed in panels (see `pack`). */
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
  /** C += Aᵀ B, and sums += the column sums of A: the gradients of a weight and of its bias. */
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
  /** P = W in panels of 8 columns, the right operand of `gemm`. */
  pack(P: number, W: number, k: number, n: number, ldw: number): void;
  /** P = Wᵀ in panels of 8 columns. */
  packTransposed(P: number, W: number, k: number, n: number, ldw: number): void;

  // activation_rows.ts
  /** y = exp(x), with x clamped to [-87, 88]. */
  exp(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = log(x), for x finite, positive and normal. */
  log(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = 1 / (1 + exp(-x)). */
  sigmoid(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = tanh(x). */
  tanh(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = max(x, 0). */
  relu(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** dx = dy (1 - y²), where y = tanh(x). */
  tanhBackward(dx: number, dy: number, y: number, m: number, n: number, lddx: number, lddy: number, ldy: number): void;
  /** dx = dy where y > 0, else 0, where y = relu(x). */
  reluBackward(dx: number, dy: number, y: number, m: number, n: number, lddx: number, lddy: number, ldy: number): void;

  // activation_set.ts
  /** y = f(x), where `kind`, a number of `ACTIVATION`, selects f. */
  activate(y: number, x: number, settings: number, kind: number, m: number, n: number, ldy: number, ldx: number): void;
  /** dx = dy f'(x), where `kind`, a number of `ACTIVATION`, selects f. */
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

  // gate_lstm.ts
  /** The gates and the states of one LSTM step, from the gates' pre-activations. */
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
  /** The gradients of one LSTM step. */
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

  // gate_gru.ts
  /** One GRU step whose reset gate acts after the recurrent product (PyTorch). */
  gruForward(h: number, z: number, hPrev: number, B: number, H: number, ldz: number, ldh: number): void;
  /** The gradients of `gruForward`. */
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
  /** First half of a GRU step whose reset gate acts before the recurrent product: the reset gate. */
  gruResetForward(rh: number, z: number, hPrev: number, B: number, H: number, ldz: number, ldh: number): void;
  /** Second half of that step: the update gate, the candidate and the new state. */
  gruUpdateForward(h: number, z: number, hPrev: number, B: number, H: number, ldz: number, ldh: number): void;
  /** The gradients of `gruUpdateForward`. */
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
  /** The gradients of `gruResetForward`. */
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

  // layer_norm.ts
  /** y = (x - mean) / sqrt(variance + epsilon) gain + bias, row by row. */
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
  /** The gradients of `layerNorm`. */
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
  /** y = softmax(s x), row by row, where s is an inverse temperature. */
  softmax(y: number, x: number, scale: number, m: number, n: number, ldy: number, ldx: number): void;

  // embedding.ts
  /** y(r) = table(index(r)): rows by index. */
  gather(y: number, table: number, index: number, m: number, n: number, ldy: number, ldt: number): void;
  /** y(r) = x(index(r)): integers by index. */
  gatherIntegers(y: number, x: number, index: number, m: number): void;
  /** table(index(r)) += y(r): the gradient of `gather`. */
  scatterAdd(table: number, y: number, index: number, m: number, n: number, ldt: number, ldy: number): void;

  // elementwise.ts
  /** y = x. */
  copy(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = xᵀ. */
  transpose(y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** y = 0. */
  zero(y: number, m: number, n: number, ldy: number): void;
  /** y = a + b. */
  add(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;
  /** y = a - b. */
  subtract(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;
  /** y = a b, element by element. */
  multiply(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;
  /** y = a / b, element by element. */
  divide(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;
  /** y += a b, element by element. */
  multiplyAdd(y: number, a: number, b: number, m: number, n: number, ldy: number, lda: number, ldb: number): void;

  // reduce.ts
  /** y += the column sums of x. */
  columnSums(y: number, x: number, m: number, n: number, ldx: number): void;
  /** y = the sum of x. */
  sum(y: number, x: number, n: number): void;

  // norm.ts
  /** y(b) = the sum of |x|^p over block b of x: the first half of a p-norm. */
  sumPowers(y: number, x: number, power: number, n: number): void;
  /** The p-norm of these block sums, and the factor that clips gradients to a norm. */
  clipNorm(norm: number, scale: number, sums: number, limit: number, power: number, count: number): void;

  // clip.ts
  /** x *= s. */
  scale(x: number, scale: number, n: number): void;
  /** x = x clamped to [-v, v]. */
  clipValue(x: number, limit: number, n: number): void;
  /** y = x clamped to [-v, v]. */
  clamp(y: number, x: number, limit: number, m: number, n: number, ldy: number, ldx: number): void;
  /** dx = dy where x is within [-v, v], else 0. */
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

  // random.ts
  /** y = uniform random numbers in [low, high). */
  randomUniform(
    y: number,
    bounds: number,
    n: number,
    seed0: number,
    seed1: number,
    stream0: number,
    stream1: number,
  ): void;
  /** y = normal random numbers of mean 0 and deviation 1. */
  randomNormal(y: number, n: number, seed0: number, seed1: number, stream0: number, stream1: number): void;
  /** mask = 0 with probability p, else 1 / (1 - p). */
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

/** How each kernel accesses its arguments, in the notation of `parse` in access.ts. */
export const ACCESS: Readonly<Record<keyof Kernels, string>> = /* @__PURE__ */ Object.assign(
  {
    writeConstants: "",
    gemm: "C>4ldc init<4ldi A<4lda P< workspace! m* n k ldc ldi lda",
    gemmTN: "C>4ldc sums>4 A<~4 B< workspace! m/1 n k ldc lda ldb",
    pack: "P>32k W<~32 k n/8 ldw",
    packTransposed: "P>32k W<32ldw k n/8 ldw",
    exp: "y>4ldy x<4ldx m* n ldy ldx",
    log: "y>4ldy x<4ldx m* n ldy ldx",
    sigmoid: "y>4ldy x<4ldx m* n ldy ldx",
    tanh: "y>4ldy x<4ldx m* n ldy ldx",
    relu: "y>4ldy x<4ldx m* n ldy ldx",
    tanhBackward: "dx>4lddx dy<4lddy y<4ldy m* n lddx lddy ldy",
    reluBackward: "dx>4lddx dy<4lddy y<4ldy m* n lddx lddy ldy",
    activate: "y>4ldy x<4ldx settings< kind m* n ldy ldx",
    activateBackward: "dx>4lddx dy<4lddy x<4ldx y<4ldy settings< kind m* n lddx lddy ldx ldy",
    lstmForward: "h>4ldh c>4ldh tc>4ldh z>4ldz cPrev<4ldh B* H ldz ldh",
    lstmBackward: "z>4ldz dc>4ldh dh<4ldh tc<4ldh cPrev<4ldh B* H ldz ldh",
    gruForward: "h>4ldh z>4ldz hPrev<4ldh B* H ldz ldh",
    gruBackward: "z>4ldz dhPrev>4ldh dh<4ldh hPrev<4ldh B* H ldz ldh",
    gruResetForward: "rh>4ldh z>4ldz hPrev<4ldh B* H ldz ldh",
    gruUpdateForward: "h>4ldh z>4ldz hPrev<4ldh B* H ldz ldh",
    gruUpdateBackward: "z>4ldz dhPrev>4ldh dh<4ldh hPrev<4ldh B* H ldz ldh",
    gruResetBackward: "z>4ldz dhPrev>4ldh drh<4ldh hPrev<4ldh B* H ldz ldh",
    layerNorm: "y>4ldy stats>8 x<4ldx gain< bias< epsilon< m* n ldy ldx",
    layerNormBackward: "dx> dGain> dBias> dy< x< stats< gain< m n lddx lddy ldx",
    softmax: "y>4ldy x<4ldx scale< m* n ldy ldx",
    gather: "y>4ldy table< index<4 m* n ldy ldt",
    gatherIntegers: "y>4 x< index<4 m*",
    scatterAdd: "table>~64 y<~64 index< m n/16 ldt ldy",
    copy: "y>4ldy x<4ldx m* n ldy ldx",
    transpose: "y>4ldy x<~4 m/1 n ldy ldx",
    zero: "y>4ldy m* n ldy",
    add: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
    subtract: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
    multiply: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
    divide: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
    multiplyAdd: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
    columnSums: "y>64 x<~64 m n/16 ldx",
    sum: "y> x< n",
    sumPowers: "y>8 x<16384 power< n/4096",
    clipNorm: "norm> scale> sums< limit< power< count",
    scale: "x>64 scale< n/16",
    clipValue: "x>64 limit< n/16",
    clamp: "y>4ldy x<4ldx limit< m* n ldy ldx",
    clampBackward: "dx>4lddx dy<4lddy x<4ldx limit< m* n lddx lddy ldx",
    randomUniform: "y> bounds< n seed0 seed1 stream0 stream1",
    randomNormal: "y> n seed0 seed1 stream0 stream1",
    dropoutMask: "mask>4ldm rate< counter< first+ m* n ldm seed0 seed1 stream",
  },
  LOSS_ACCESS,
  OPTIMIZER_ACCESS,
  POOLING_ACCESS,
  INT8_ACCESS,
);
