/**
 * Schedules of the learning rate beside those of the main entry.
 *
 * @module
 */
export { oneCycle, type OneCycleOptions } from "./src/training/schedules/one_cycle.ts";
export { reduceOnPlateau, type ReduceOnPlateauOptions } from "./src/training/schedules/reduce_on_plateau.ts";
