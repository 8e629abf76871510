import { absoluteError, binaryCrossEntropy, type Loss, type Reduction, squaredError } from "../../../mod.ts";
import { huber, smoothL1 } from "../../../losses.ts";
import type { Case } from "./read_cases.ts";
import { firstMissing, type Kind } from "./kind.ts";
import { compared, REDUCTIONS } from "./loss.ts";

/** Losses by PyTorch's names. */
const LOSSES: Record<string, (test: Case, reduction: Reduction) => Loss> = {
  mse_loss: (_, reduction) => squaredError({ reduction }),
  l1_loss: (_, reduction) => absoluteError({ reduction }),
  huber_loss: ({ config: { delta } }, reduction) => huber({ delta, reduction }),
  smooth_l1_loss: ({ config: { beta } }, reduction) => smoothL1({ beta, reduction }),
  binary_cross_entropy_with_logits: ({ tensors: read }, reduction) => {
    const tensors = read(), positiveWeight = tensors.has("pos_weight") ? tensors.floats("pos_weight") : undefined;
    return binaryCrossEntropy({ positiveWeight, reduction });
  },
};

/** PyTorch's losses that compare element by element: the loss and its gradient with respect to the outputs. */
export const elementLoss: Kind = {
  missing: ({ config }) => firstMissing(config, { loss: Object.keys(LOSSES), reduction: REDUCTIONS.slice(1) }),

  async run(test, arithmetic) {
    const tensors = test.tensors(), [T, B] = tensors.shape("input");
    const loss = (reduction: Reduction) => LOSSES[test.config.loss](test, reduction);
    const comparison = { T, B, outputs: tensors.floats("input"), y: tensors.floats("targets"), loss };
    return await compared(test, arithmetic, comparison, { name: "grad.input", as: (rows) => rows });
  },
};
