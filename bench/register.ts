import type { Case } from "./cases.ts";
import { peak } from "./peak.ts";

/**
 * Hand cases to `deno bench`, in both builds. A case that counts operations stands in a group with the limit doing as
 * many of them as the baseline, so that deno's summary says how much slower than the limit it is. The others have a
 * group with their two builds.
 */
export async function register(cases: Case[]): Promise<void> {
  const limit = await peak("fast");
  for (const { name, flops, setup } of cases) {
    if (flops) Deno.bench({ name: "limit", group: name, baseline: true, fn: () => limit.run(flops) });
    for (const numerics of ["fast", "exact"] as const) {
      Deno.bench({ name: `${name} (${numerics})`, group: name, fn: await setup(numerics) });
    }
  }
}
