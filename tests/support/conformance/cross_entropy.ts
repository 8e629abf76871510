import { crossEntropy } from "../../../mod.ts";
import { firstMissing, type Kind } from "./kind.ts";
import { compared, inverse, letters, permuted, REDUCTIONS } from "./loss.ts";

/** PyTorch's `cross_entropy`: the loss and its gradient with respect to the logits. */
export const crossEntropyLoss: Kind = {
  missing: ({ config }) => firstMissing(config, { reduction: REDUCTIONS }),

  async run(test, arithmetic) {
    const { config, tensors: read } = test, tensors = read(), shape = tensors.shape("logits");
    // The classes are PyTorch's dimension 1 if the layout does not name them; here they come last.
    const named = letters(config.layout ?? "").indexOf("C"), C = named < 0 ? Math.min(1, shape.length - 1) : named;
    const order = [...shape.keys()].filter((i) => i !== C).concat(C);
    const outputs = permuted(tensors.floats("logits"), shape, order), B = outputs.length / shape[C];
    const loss = (reduction: "mean" | "sum") =>
      crossEntropy({
        reduction,
        ignoreIndex: config.ignore_index ?? undefined,
        labelSmoothing: config.label_smoothing ?? 0,
        classWeights: tensors.has("class_weight") ? tensors.floats("class_weight") : undefined,
      });
    return await compared(test, arithmetic, { T: 1, B, outputs, y: tensors.ints("targets"), loss }, {
      name: "grad.logits",
      as: (rows) => permuted(rows, order.map((i) => shape[i]), inverse(order)),
    });
  },
};
