import type { Kernels } from "../kernels/kernels.ts";

/**
 * What each kernel does with its arguments, in their order, and along which dimension a call can be cut into parts that
 * give the same bits. An address has `<` behind its name when it is read, `>` when it is written (or both), then how
 * many bytes it moves on from one row of the cut dimension to the next: a number, times another argument if one is
 * named (`4ldc`: ldc floats). Without bytes, each part reads, or the one part writes, all of it. `~`: what is cut are
 * columns, so a part touches all rows. `!`: a workspace, one for each thread.
 *
 * The cut dimension has a `*` when it counts rows of activations, which may be rows of one time step; `/16` when it is
 * any other, cut at multiples of 16. `+`: the number of the first row. A kernel without such a dimension mixes its rows
 * in an order that cannot be cut, and is a call of one thread.
 */
const SIGNATURES: Record<keyof Kernels, string> = {
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
  softmaxCrossEntropy: "loss>4 dx>4lddx x<4ldx target<4 shares<8 weight< scale< m* n lddx ldx",
  elementLoss: "loss>4n dx>4lddx x<4ldx y<4n v<4 settings< scale< kind m* n lddx ldx",
  ctc: "loss> dx> x< labels< sizes< v< scale< scratch> blank zeroInfinity T n lddx ldx",
  gather: "y>4ldy table< index<4 m* n ldy ldt",
  gatherIntegers: "y>4 x< index<4 m*",
  scatterAdd: "table>~64 y<~64 index< m n/16 ldt ldy",
  copy: "y>4ldy x<4ldx m* n ldy ldx",
  transpose: "y>4ldy x<~4 m/1 n ldy ldx",
  zero: "y>4ldy m* n ldy",
  add: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
  subtract: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
  multiply: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
  multiplyAdd: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
  columnSums: "y>64 x<~64 m n/16 ldx",
  sum: "y> x< n",
  sumPowers: "y>8 x<16384 power< n/4096",
  clipNorm: "norm> scale> sums< limit< power< count",
  scale: "x>64 scale< n/16",
  clipValue: "x>64 limit< n/16",
  clamp: "y>4ldy x<4ldx limit< m* n ldy ldx",
  clampBackward: "dx>4lddx dy<4lddy x<4ldx limit< m* n lddx lddy ldx",
  adam: "p>64 m>64 v>64 x>64 g<64 settings< n/16",
  sgd: "p>64 g<64 settings< n/16",
  sgdMomentum: "p>64 v>64 g<64 settings< n/16 nesterov",
  rmsprop: "p>64 v>64 a>64 b>64 g<64 settings< n/16",
  adagrad: "p>64 v>64 g<64 settings< n/16",
  average: "a>64 p<64 mix< n/16",
  randomUniform: "y> bounds< n seed0 seed1 stream0 stream1",
  randomNormal: "y> n seed0 seed1 stream0 stream1",
  maximum: "y>4ldy step>4lds x<4ldx t m* n ldy lds ldx",
  maximumBackward: "dx>4lddx dy<4lddy step<4lds t m* n lddx lddy lds",
  scaleRows: "y>4ldy s<4lds x<4ldx m* n ldy lds ldx accumulate",
  rowDots: "y>4ldy a<4lda b<4ldb m* n ldy lda ldb",
  softmaxBackward: "dx>4lddx dy<4lddy y<4ldy m* n lddx lddy ldy",
  dropoutMask: "mask>4ldm rate< counter< first+ m* n ldm seed0 seed1 stream",
};

/**
 * The same for calls with one row that lies among parameters, gradients and moments: they are cut along it. A copy is
 * cut as gemmTN cuts its sums, so that nobody has to wait for the gradient of a bias that is that of another.
 */
const FLAT: Partial<Record<keyof Kernels, string>> = {
  copy: "y>4 x<4 m n/1 ldy ldx",
  zero: "y>64 m n/16 ldy",
  add: "y>64 a<64 b<64 m n/16 ldy lda ldb",
};

/** An address among the arguments of a kernel. */
export interface Operand {
  /** Which argument it is. */
  readonly at: number;
  readonly writes: boolean;
  /** Whether what is cut are columns. */
  readonly columns: boolean;
  /** Bytes from row to row of what is cut, times an argument if there is one (else -1); 0: it is not cut. */
  readonly bytes: number;
  readonly times: number;
}

/** A kernel's arguments. */
export interface Signature {
  /** How many. */
  readonly length: number;
  readonly operands: readonly Operand[];
  /** The argument that counts what is cut; -1: nothing is. */
  readonly cut: number;
  /** Whether these are rows of activations. */
  readonly rows: boolean;
  /** Parts begin at multiples of it. */
  readonly unit: number;
  /** The argument that is the workspace, or the number of the first row; -1: none is. */
  readonly workspace: number;
  readonly first: number;
}

/** The kernels by number, as recorded calls name them, from 1 on; 0 and below mean something else. */
export const NAMES = Object.keys(SIGNATURES) as readonly (keyof Kernels)[];

/** The signatures of the kernels. */
export const signatures = parsed(SIGNATURES) as Readonly<Record<keyof Kernels, Signature>>;

/** Those of calls with one row among parameters. */
export const flatSignatures: Readonly<Partial<Record<keyof Kernels, Signature>>> = parsed(FLAT);

function parsed(texts: Partial<Record<keyof Kernels, string>>): Partial<Record<keyof Kernels, Signature>> {
  return Object.fromEntries(Object.entries(texts).map(([kernel, text]) => [kernel, parse(text)]));
}

function parse(text: string): Signature {
  const words = text.split(" ").filter(Boolean), names = words.map((word) => word.match(/^\w+/)![0]);
  const operands = words.flatMap((word, at): Operand[] => {
    const [, access, columns, bytes, times] = word.match(/([<>])(~?)(\d*)(\w*)/) ?? [];
    if (!access) return [];
    return [{ at, writes: access === ">", columns: columns !== "", bytes: Number(bytes), times: names.indexOf(times) }];
  });
  const cut = words.findIndex((word) => /[*/]/.test(word)), rows = words[cut]?.endsWith("*") ?? false;
  const unit = cut < 0 || rows ? 1 : Number(words[cut].split("/")[1]);
  const workspace = words.findIndex((word) => word.endsWith("!")),
    first = words.findIndex((word) => word.endsWith("+"));
  return { length: words.length, operands, cut, rows, unit, workspace, first };
}
