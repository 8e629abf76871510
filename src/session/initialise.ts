import { seedWords } from "../memory/planner.ts";
import type { TrainingRunner } from "./training_runner.ts";

/** Draw the first values of all parameters; each parameter has its own stream of random numbers. */
export function initialiseParameters({ kernels, plan: { planner, initial, settings }, io }: TrainingRunner): void {
  const draw = { bounds: settings, read: io.readFlat, write: io.write, seed: seedWords(planner.seed) };
  planner.parameters.forEach(({ value, shape }, stream) => initial[stream](kernels, { ...draw, value, shape, stream }));
}
