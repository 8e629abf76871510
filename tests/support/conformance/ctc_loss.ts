import { ctc } from "../../../losses.ts";
import { firstMissing, type Kind } from "./kind.ts";
import { compared, inverse, letters, permuted, REDUCTIONS } from "./loss.ts";

/** PyTorch's `ctc_loss` of a log-softmax: the loss and its gradient with respect to the logits. */
export const ctcLoss: Kind = {
  missing: ({ config }) => firstMissing(config, { reduction: REDUCTIONS }),

  async run(test, arithmetic) {
    const { config, tensors: read } = test, tensors = read();
    const given = tensors.shape("logits"), unbatched = given.length === 2;
    const shape = unbatched ? [given[0], 1, given[1]] : given;
    const names = letters(config.layout ?? "(T,N,C)"), time = Math.max(0, names.indexOf("T"));
    const order = unbatched || time === 0 ? [0, 1, 2] : [1, 0, 2];
    const [T, B] = order.map((i) => shape[i]), targetLengths = tensors.ints("target_lengths");
    const loss = (reduction: "mean" | "sum") =>
      ctc({ reduction, blank: config.blank, zeroInfinity: config.zero_infinity, labels: Math.max(...targetLengths) });
    return await compared(test, arithmetic, {
      T,
      B,
      outputs: permuted(tensors.floats("logits"), shape, order),
      y: tensors.ints("targets"),
      targetLengths,
      lengths: tensors.ints("input_lengths"),
      loss,
    }, { name: "grad.logits", as: (rows) => permuted(rows, order.map((i) => shape[i]), inverse(order)) });
  },
};
