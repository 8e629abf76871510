/** The kernels of losses; conventions as in kernels.ts, of which this is a part. */
export interface LossKernels {
  // softmax.ts
  /**
   * With (a, b) the row of `shares`, L = log sum exp x(r), W = sum of w: loss(r) = a (L - x(r, target(r))) + b sum_j
   * w(j) (L - x(r, j)); dx = (softmax(x) (a + b W) - b w - a onehot(target)) s, s the f32 at `scale`. A negative
   * target gives loss 0 and dx 0. dx may be x, or 0 (loss only). loss `[m]` f32, target `[m]` i32, shares `[m, 2]`;
   * weight `[n + 1]` = w, W, or 0: w = 0.
   */
  softmaxCrossEntropy(
    loss: number,
    dx: number,
    x: number,
    target: number,
    shares: number,
    weight: number,
    scale: number,
    m: number,
    n: number,
    lddx: number,
    ldx: number,
  ): void;

  // element_loss.ts
  /**
   * loss(r, j) = v(r) f(x(r, j), y(r, j)); dx = v s f'(x, y), s the f32 at `scale`; f chosen by `kind`, a number of
   * `ELEMENT_LOSS` (element_loss_kinds.ts; the equations are there). A row with v = 0 gives loss 0 and dx 0, whatever
   * x is. dx may be 0 (loss only). All `[m, n]`, loss and y without gaps between rows; v `[m]`; settings `[n]`.
   */
  elementLoss(
    loss: number,
    dx: number,
    x: number,
    y: number,
    v: number,
    settings: number,
    scale: number,
    kind: number,
    m: number,
    n: number,
    lddx: number,
    ldx: number,
  ): void;

  // ctc.ts
  /**
   * Connectionist temporal classification of one sequence: loss = -v log p(labels | softmax(x)); dx its gradient
   * times s, s the f32 at `scale`. x, dx: T rows of n columns. sizes: i32 `[2]` = steps of the sequence, S labels;
   * labels `[S]` i32, none of them `blank`. When the labels do not fit into the steps the loss is infinite and dx
   * NaN, or both 0 if `zeroInfinity`. dx is 0 from the sequence's end on, and everything is 0 when v is; dx may be 0
   * (loss only). `scratch` holds `(T + 4) * C + 2 * T` floats, C = 2 S + 1 rounded up to a multiple of 4, plus 8.
   */
  ctc(
    loss: number,
    dx: number,
    x: number,
    labels: number,
    sizes: number,
    v: number,
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
