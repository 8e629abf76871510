/**
 * The numbers that select an activation in `activate` and `activateBackward`: the activations of ONNX's recurrent
 * operators RNN, GRU and LSTM, by ONNX's definitions (operator set 22). `Kind` in assembly/activation_set.ts has the
 * same order.
 */
export const ACTIVATION = {
  /** x */
  identity: 0,
  /** max(x, 0) */
  relu: 1,
  /** (1 - exp(-2x)) / (1 + exp(-2x)) */
  tanh: 2,
  /** 1 / (1 + exp(-x)) */
  sigmoid: 3,
  /** alpha x + beta */
  affine: 4,
  /** x for x >= 0, else alpha x */
  leakyRelu: 5,
  /** x for x >= alpha, else 0 (the separate operator ThresholdedRelu has x > alpha) */
  thresholdedRelu: 6,
  /** alpha tanh(beta x) */
  scaledTanh: 7,
  /** min(max(alpha x + beta, 0), 1) */
  hardSigmoid: 8,
  /** x for x >= 0, else alpha (exp(x) - 1) */
  elu: 9,
  /** x / (1 + |x|) */
  softsign: 10,
  /** log(1 + exp(x)) */
  softplus: 11,
} as const;
