import type { Kernels } from "../src/kernels/kernels.ts";
import type { Case } from "./cases/case.ts";
import { gates } from "./cases/gates.ts";
import { losses } from "./cases/losses.ts";
import { pooling } from "./cases/pooling.ts";
import { products } from "./cases/products.ts";
import { ranges } from "./cases/ranges.ts";
import { rows } from "./cases/rows.ts";

export type { Case } from "./cases/case.ts";
export { trainingSteps } from "./cases/training_step.ts";

/** At least one case for each kernel: one that is missing here is a type error. */
const byKernel: Record<Exclude<keyof Kernels, "writeConstants">, Case[]> = {
  ...products,
  ...gates,
  ...rows,
  ...losses,
  ...pooling,
  ...ranges,
};

/** Every kernel at the shapes of a 2 x 128 LSTM with B = 50, T = 50; products of a 512-wide one with B = 64 as well. */
export const kernelCases: Case[] = Object.values(byKernel).flat();
