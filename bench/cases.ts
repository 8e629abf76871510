import type { Int8Kernels } from "../src/kernels/int8_kernels.ts";
import type { Kernels } from "../src/kernels/kernels.ts";
import type { Case } from "./cases/case.ts";
import { convolutions } from "./cases/convolution.ts";
import { gates } from "./cases/gates.ts";
import { losses } from "./cases/losses.ts";
import { pooling } from "./cases/pooling.ts";
import { products } from "./cases/products.ts";
import { ranges } from "./cases/ranges.ts";
import { rows } from "./cases/rows.ts";
import { trainingSteps } from "./cases/training_step.ts";

/** At least one case of each kernel: a missing kernel is a type error. */
const kernels: Record<Exclude<keyof Kernels, "writeConstants" | keyof Int8Kernels>, Case[]> = {
  ...products,
  ...gates,
  ...rows,
  ...losses,
  ...pooling,
  ...ranges,
};

/**
 * Every kernel at the shapes of a 2 x 128 LSTM with B = 50 and T = 50, the matmuls also at those of a 512-wide LSTM
 * with B = 64, then whole training steps and a convolution. `deno task bench` and `deno bench` both run this table.
 */
export const cases: readonly Case[] = [...Object.values(kernels).flat(), ...trainingSteps, ...convolutions];
