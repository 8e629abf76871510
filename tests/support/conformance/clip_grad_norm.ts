import { clipNorm } from "../../../mod.ts";
import { clipped } from "./clip.ts";
import type { Case } from "./read_cases.ts";
import type { Kind } from "./kind.ts";

/** PyTorch's `clip_grad_norm_`: the norm before clipping, and the gradients after it. */
export const clipGradNorm: Kind = {
  missing: () => undefined,
  run: (test, arithmetic) => clipped(test, arithmetic, clipNorm(test.config.max_norm, { p: order(test.config) })),
};

/** JSON has no infinity. */
function order({ norm_type }: Case["config"]): number {
  return Number(norm_type === "inf" ? Infinity : norm_type);
}
