import type { TensorSpec } from "../ops/value.ts";
import type { Layout } from "../training/data/batch.ts";
import type { TrainingRunner } from "./training_runner.ts";

/** The layout of the data that a net trains on. */
export function dataLayout({ plan, loss: { targets, reduction } }: TrainingRunner): Layout {
  const { input, decoderInput, layer: { output }, options } = plan;
  const { batchFirst = false, recompute, steps, decoderSteps } = options;
  return {
    ...inputLayout(input),
    output: output.width,
    batchFirst,
    targets: targets === "sequence" ? "labels" : output.steps === "one" ? "sequence" : "step",
    reduction,
    longest: recompute ? Infinity : steps,
    decoder: decoderInput && { ...inputLayout(decoderInput), longest: decoderSteps! },
  };
}

function inputLayout({ kind, width }: TensorSpec): Pick<Layout, "kind" | "columns"> {
  return kind === "values" ? { kind, columns: width } : { kind: "tokens", columns: 1 };
}
