/** The exported kernels: the methods of `interface Kernels` in src/kernels/kernels.ts. */
export { writeConstants } from "./constants";
export { gemm } from "./gemm";
export { gemmTN } from "./gemm_tn";
export { pack, packTransposed } from "./pack";
export { exp, log, relu, reluBackward, sigmoid, tanh, tanhBackward } from "./activation_rows";
export { activate, activateBackward } from "./activation_set";
export { lstmBackward, lstmForward } from "./gate_lstm";
export {
  gruBackward,
  gruForward,
  gruResetBackward,
  gruResetForward,
  gruUpdateBackward,
  gruUpdateForward,
} from "./gate_gru";
export { layerNorm, layerNormBackward } from "./layer_norm";
export { softmax, softmaxBackward, softmaxCrossEntropy } from "./softmax";
export { elementLoss } from "./element_loss";
export { ctc } from "./ctc";
export { gather, gatherIntegers, scatterAdd } from "./embedding";
export { add, copy, divide, multiply, multiplyAdd, subtract, transpose, zero } from "./elementwise";
export { rowDots, scaleRows } from "./rows";
export { maximum, maximumBackward } from "./maximum";
export { columnSums, sum } from "./reduce";
export { clipNorm, sumPowers } from "./norm";
export { clamp, clampBackward, clipValue, scale } from "./clip";
export { adagrad, adam, average, rmsprop, sgd, sgdMomentum } from "./optimizer";
export { dropoutMask, randomNormal, randomUniform } from "./random";
