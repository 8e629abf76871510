/** Whole training steps, for `deno bench -A bench`. The table with percentages is `deno task bench`. */
import { trainingSteps } from "./cases.ts";
import { register } from "./register.ts";

await register(trainingSteps);
