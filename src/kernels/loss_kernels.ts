/** The kernels of losses, a part of `Kernels` with the same conventions; see kernels.ts. */
export interface LossKernels {
  // softmax.ts
  /** The cross-entropy of softmax(x) with one class per row, and its gradient. */
  softmaxCrossEntropy(
    loss: number,
    dx: number,
    x: number,
    target: number,
    rowWeights: number,
    classWeights: number,
    scale: number,
    m: number,
    n: number,
    lddx: number,
    ldx: number,
  ): void;

  // element_loss.ts
  /** loss = v f(x, y), element by element, and its gradient, where `kind`, a number of `ELEMENT_LOSS`, selects f. */
  elementLoss(
    loss: number,
    dx: number,
    x: number,
    y: number,
    rowWeights: number,
    settings: number,
    scale: number,
    kind: number,
    m: number,
    n: number,
    lddx: number,
    ldx: number,
  ): void;

  // ctc.ts
  /** The loss of connectionist temporal classification for one sequence, and its gradient. */
  ctc(
    loss: number,
    dx: number,
    x: number,
    labels: number,
    sizes: number,
    weight: number,
    scale: number,
    scratch: number,
    blank: number,
    zeroInfinity: number,
    T: number,
    n: number,
    lddx: number,
    ldx: number,
  ): void;
}

/** How each kernel of `LossKernels` accesses its arguments, in the notation of `parse` in access.ts. */
export const LOSS_ACCESS: Readonly<Record<keyof LossKernels, string>> = {
  softmaxCrossEntropy: "loss>4 dx>4lddx x<4ldx target<4 rowWeights<8 classWeights< scale< m* n lddx ldx",
  elementLoss: "loss>4n dx>4lddx x<4ldx y<4n rowWeights<4 settings< scale< kind m* n lddx ldx",
  ctc: "loss> dx> x< labels< sizes< weight< scale< scratch> blank zeroInfinity T n lddx ldx",
};
