/**
 * The exported kernels of entry ./inference: those of forward passes alone, without gradients, losses, optimizers and
 * random numbers, in less than half of the bytes. In the order of index.ts.
 */
export { writeConstants } from "./constants";
export { gemm } from "./gemm";
export { packTransposed } from "./pack";
export { exp, log, relu, sigmoid, tanh } from "./activation_rows";
export { activate } from "./activation_set";
export { lstmForward } from "./gate_lstm";
export { gruForward, gruResetForward, gruUpdateForward } from "./gate_gru";
export { layerNorm } from "./layer_norm";
export { softmax } from "./softmax";
export { gather, gatherIntegers } from "./embedding";
export { add, copy, divide, multiply, multiplyAdd, subtract, transpose, zero } from "./elementwise";
export { rowDots, scaleRows } from "./rows";
export { maximum } from "./maximum";
export { clamp } from "./clip";
