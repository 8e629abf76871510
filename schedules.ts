/**
 * Schedules of the learning rate.
 *
 * @module
 */
export { cosine, type CosineOptions } from "./src/training/schedules/cosine.ts";
export { oneCycle, type OneCycleOptions } from "./src/training/schedules/one_cycle.ts";
export { reduceOnPlateau, type ReduceOnPlateauOptions } from "./src/training/schedules/reduce_on_plateau.ts";
export { exponentialDecay, stepDecay } from "./src/training/schedules/step_decay.ts";
