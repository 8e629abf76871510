/**
 * The positions of the settings in the memory of the optimizer kernels, in floats.
 *
 * Two compilers read this file. assembly/optimizer.ts reads each setting at its position, the optimizers in
 * src/training/optimizers/ and the reference kernels write and read by the same names. So the file holds nothing but
 * `const enum`: AssemblyScript and TypeScript both have it, and unlike a constant it adds no global to the module.
 *
 * lr is the learning rate, decay the weight decay, t the number of the update from 1.
 */

/** Settings of `adam`: Adam, AMSGrad and AdamW. */
export const enum AdamSetting {
  /** lr / (1 - beta1^t) */
  StepSize,
  /** 1 - beta1 */
  OneMinusBeta1,
  /** beta2 */
  Beta2,
  /** 1 - beta2 */
  OneMinusBeta2,
  /** sqrt(1 - beta2^t) */
  RootCorrection2,
  /** Added to the root of the second moment. */
  Epsilon,
  /** L2: decay, or 0 when it is decoupled. */
  WeightDecay,
  /** Factor of the parameter: 1 - lr decay when the decay is decoupled, else 1. */
  Shrinkage,
}

/** Settings of `sgd` and `sgdMomentum`; `sgd` reads the first two. */
export const enum SgdSetting {
  /** lr */
  LearningRate,
  /** L2: decay */
  WeightDecay,
  /** Factor of the velocity. */
  Momentum,
  /** 1 - dampening, but 1 in the first update. */
  OneMinusDampening,
}

/** Settings of `rmsprop`. */
export const enum RmspropSetting {
  /** lr */
  LearningRate,
  /** L2: decay */
  WeightDecay,
  /** alpha: factor of the mean square and of the mean. */
  Alpha,
  /** 1 - alpha */
  OneMinusAlpha,
  /** Added to the root. */
  Epsilon,
  /** Factor of the velocity. */
  Momentum,
}

/** Settings of `adagrad`. */
export const enum AdagradSetting {
  /** lr, as `learningRateDecay` leaves it. */
  LearningRate,
  /** L2: decay */
  WeightDecay,
  /** Added to the root. */
  Epsilon,
}
