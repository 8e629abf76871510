import { assert } from "@std/assert";
import type { GradientCheck } from "../../../check.ts";
import { U } from "../rounding.ts";

/** The gradient is rounded to f32, an error of U of the element. The differences are right to 1e-8 of the largest. */
const DIFFERENCES = U + 1e-8;
/** Errors are relative to at least this share of the largest gradient of all tensors. */
const FLOOR = 1e-3;

/** Stricter than the check: every gradient has an element other than 0, and errors of builds are at most `builds`. */
export function assertRight(check: GradientCheck, builds: number, what = ""): void {
  assert(check.ok, `${what}:\n${check}`);
  const overall = Math.max(...check.findings.map(({ largest }) => largest));
  for (const { tensor, largest, differences, exact, fast } of check.findings) {
    const own = Math.max(1, FLOOR * overall / largest); // errors relative to the tensor's largest element
    assert(largest > 0, `${what}, ${tensor}: the gradient is zero`);
    assert(differences * own <= DIFFERENCES, `${what}, ${tensor}: off the central differences by ${differences * own}`);
    for (const [build, error] of Object.entries({ exact, fast })) {
      assert(error * own <= builds, `${what}, ${tensor}: the ${build} build is off by ${error * own}, not ${builds}`);
    }
  }
}
