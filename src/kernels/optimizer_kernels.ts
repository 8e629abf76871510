/** The kernels of optimizers, a part of `Kernels` with the same conventions; see kernels.ts. */
export interface OptimizerKernels {
  // optimizer.ts; optimizer_settings.ts names the settings
  /** One update by Adam, AMSGrad or AdamW. */
  adam(p: number, m: number, v: number, vMax: number, g: number, settings: number, n: number): void;
  /** One update by gradient descent. */
  sgd(p: number, g: number, settings: number, n: number): void;
  /** One update by gradient descent with momentum. */
  sgdMomentum(p: number, v: number, g: number, settings: number, n: number, nesterov: number): void;
  /** One update by RMSprop. */
  rmsprop(p: number, v: number, mean: number, velocity: number, g: number, settings: number, n: number): void;
  /** One update by Adagrad. */
  adagrad(p: number, v: number, g: number, settings: number, n: number): void;
  /** average += mix (p - average): an exponential moving average. */
  average(average: number, p: number, mix: number, n: number): void;
}

/** How each kernel of `OptimizerKernels` accesses its arguments, in the notation of `parse` in access.ts. */
export const OPTIMIZER_ACCESS: Readonly<Record<keyof OptimizerKernels, string>> = {
  adam: "p>64 m>64 v>64 vMax>64 g<64 settings< n/16",
  sgd: "p>64 g<64 settings< n/16",
  sgdMomentum: "p>64 v>64 g<64 settings< n/16 nesterov",
  rmsprop: "p>64 v>64 mean>64 velocity>64 g<64 settings< n/16",
  adagrad: "p>64 v>64 g<64 settings< n/16",
  average: "average>64 p<64 mix< n/16",
};
