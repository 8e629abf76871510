/**
 * Registers every case with `deno bench`, in both builds:
 *
 *     deno bench bench [--filter gemm]
 *
 * `deno task bench` prints the same cases with percentages of the machine's limit. A case with a number of operations
 * forms a group with the limit on that number of operations as baseline, so Deno's summary says how many times slower
 * than the limit the case is. Each other group compares the two builds.
 */
import { cases } from "./cases.ts";
import { peak } from "./peak.ts";

const limit = await peak("fast");
for (const { name, flops, setup } of cases) {
  if (flops) Deno.bench({ name: `${name} (limit)`, group: name, baseline: true, fn: () => limit.run(flops) });
  for (const numerics of ["fast", "exact"] as const) {
    Deno.bench({ name: `${name} (${numerics})`, group: name, fn: await setup(numerics) });
  }
}
