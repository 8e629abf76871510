/** Every kernel, for `deno bench -A bench`. The table with percentages is `deno task bench`. */
import { kernelCases } from "./cases.ts";
import { register } from "./register.ts";

await register(kernelCases);
