import { extended, requireKnown, RUN } from "../../options.ts";
import { oneOf } from "./description.ts";
import { type ModelKind, ModelRunner, type RunnableModel } from "./model.ts";
import {
  SEQUENCE_MODEL,
  type SequenceModelDescription,
  sequenceOutputs,
  type TaskRunOptions,
} from "./sequence_model.ts";
import { SequenceInput, type TaskSequence } from "./sequences.ts";

/** The loss that a model of numbers minimises: see `squaredError`, `absoluteError` and `huber`. */
export type RegressionLoss = "squared" | "absolute" | "huber";

/** All that makes up a regressor. */
export interface RegressorDescription extends SequenceModelDescription {
  /** The loss. */
  readonly loss: RegressionLoss;
}

/** The kind of a regressor. */
export const REGRESSOR: ModelKind<RegressorDescription> = /* @__PURE__ */ extended(SEQUENCE_MODEL, {
  name: "sequence regressor",
  values: () => ({ ...SEQUENCE_MODEL.values(), loss: oneOf("squared", "absolute", "huber") }),
});

/** A saved `SequenceRegressor` to run, not to train: `predict` with the same results. */
export class SequenceRegressorRunner extends ModelRunner {
  /** Numbers that a sequence gives. */
  readonly outputs: number;
  readonly #model: RunnableModel<RegressorDescription>;
  readonly #input: SequenceInput;

  /** Runners are made by `loadSequenceRegressor`. */
  constructor(model: RunnableModel<RegressorDescription>) {
    super(model);
    this.#model = model;
    this.#input = new SequenceInput(model.description);
    this.outputs = model.description.outputs;
  }

  /**
   * Predict the numbers of each sequence, `[outputs]`. The prediction for one sequence does not depend on the others,
   * nor on other calls.
   *
   * @throws {OptionError} When a sequence is empty, or a number is not finite.
   */
  async predict(sequences: readonly TaskSequence[], options: TaskRunOptions = {}): Promise<Float32Array[]> {
    requireKnown("predict", RUN, options);
    const encoded = this.#input.encode(sequences);
    return await sequenceOutputs(this.#model, this.#input, encoded, { ...options, softmax: false });
  }
}
