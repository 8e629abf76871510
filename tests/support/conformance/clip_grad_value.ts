import { clipValue } from "../../../mod.ts";
import { clipped } from "./clip.ts";
import type { Kind } from "./kind.ts";

/** PyTorch's `clip_grad_value_`: every element clamped. */
export const clipGradValue: Kind = {
  missing: () => undefined,
  run: (test, arithmetic) => clipped(test, arithmetic, clipValue(test.config.clip_value)),
};
