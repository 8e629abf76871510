import { ELEMENT_LOSS } from "../../src/kernels/element_loss_kinds.ts";
import { B, brackets, type Case, kernelCase, T } from "./case.ts";

const ROWS = T * B, COLUMNS = 16;
/** CTC for a second of speech: 100 steps, 28 letters and the blank, 15 labels. */
const STEPS = 100, CLASSES = 29, LABELS = 15;

/** Losses with their gradients. `softmaxCrossEntropy` is in rows.ts. */
export const losses: Record<"elementLoss" | "ctc", Case[]> = {
  elementLoss: (Object.keys(ELEMENT_LOSS) as (keyof typeof ELEMENT_LOSS)[]).map((name) =>
    kernelCase(
      "losses",
      `elementLoss ${name} ${brackets(ROWS, COLUMNS)}`,
      { elements: ROWS * COLUMNS },
      (layout) => {
        const [dx, x] = Array.from({ length: 2 }, () => layout.activations(ROWS, COLUMNS));
        const [loss, y] = Array.from({ length: 2 }, () => layout.dense(ROWS, COLUMNS));
        const v = layout.dense(1, ROWS), settings = layout.dense(1, COLUMNS), scale = layout.numbers(1 / ROWS);
        const at = () => [loss.address, dx.address, x.address, y.address, v.address, settings.address] as const;
        return (k) => k.elementLoss(...at(), scale.address, ELEMENT_LOSS[name], ROWS, COLUMNS, dx.stride, x.stride);
      },
    )
  ),

  ctc: [
    kernelCase(
      "losses",
      `ctc ${brackets(STEPS, CLASSES)}, ${LABELS} labels, a state`,
      { elements: STEPS * (2 * LABELS + 1) },
      (layout) => {
        const [dx, x] = Array.from({ length: 2 }, () => layout.activations(STEPS, CLASSES));
        const loss = layout.dense(1, 1), one = layout.numbers(1), scratch = layout.dense(STEPS + 8, 2 * LABELS + 10);
        const labels = layout.integers(LABELS, CLASSES - 1), sizes = layout.words(STEPS, LABELS);
        const at = () => [loss.address, dx.address, x.address, labels.address, sizes.address] as const;
        return (k) =>
          k.ctc(
            ...at(),
            one.address,
            one.address,
            scratch.address,
            CLASSES - 1,
            0,
            STEPS,
            CLASSES,
            dx.stride,
            x.stride,
          );
      },
    ),
  ],
};
