import { clipNorm } from "../../mod.ts";
import { clipped } from "./clip.ts";
import { firstMissing, type Kind } from "./kind.ts";

/** PyTorch's `clip_grad_norm_`: the norm before clipping, and the gradients after it. */
export const clipGradNorm: Kind = {
  missing: ({ config }) => firstMissing(config, { norm_type: [2] }),
  run: (test, arithmetic) => clipped(test, arithmetic, clipNorm(test.config.max_norm)),
};
