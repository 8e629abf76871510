import { extended, requireKnown, RUN } from "../../options.ts";
import { label, list } from "./description.ts";
import { type Label, Labels } from "./labels.ts";
import { type ModelKind, ModelRunner, type RunnableModel } from "./model.ts";
import {
  labelledNet,
  SEQUENCE_MODEL,
  type SequenceModelDescription,
  sequenceOutputs,
  type TaskRunOptions,
} from "./sequence_model.ts";
import { SequenceInput, type TaskSequence } from "./sequences.ts";

/** What a classifier predicts for a sequence. */
export interface Classification {
  /** The most probable label. */
  readonly label: Label;
  /** The probability of each label, in the order of `labels`. */
  readonly probabilities: Float32Array;
}

/** All that makes up a classifier. */
export interface ClassifierDescription extends SequenceModelDescription {
  /** The classes. */
  readonly labels: readonly Label[];
}

/** The kind of a classifier. */
export const CLASSIFIER: ModelKind<ClassifierDescription> = /* @__PURE__ */ extended(SEQUENCE_MODEL, {
  name: "sequence classifier",
  values: () => ({ ...SEQUENCE_MODEL.values(), labels: list(label, 2) }),
  net: labelledNet,
});

/** A saved `SequenceClassifier` to run, not to train: `predict` with the same results. */
export class SequenceClassifierRunner extends ModelRunner {
  readonly #model: RunnableModel<ClassifierDescription>;
  readonly #input: SequenceInput;
  readonly #labels: Labels;

  /** Runners are made by `loadSequenceClassifier`. */
  constructor(model: RunnableModel<ClassifierDescription>) {
    super(model);
    this.#model = model;
    this.#input = new SequenceInput(model.description);
    this.#labels = new Labels(model.description.labels);
  }

  /** The classes. */
  get labels(): readonly Label[] {
    return this.#labels.names;
  }

  /**
   * Predict the label of each sequence. The prediction for one sequence does not depend on the others, nor on other
   * calls.
   *
   * @throws {OptionError} When a sequence has no tokens, or unknown ones.
   */
  async predict(sequences: readonly TaskSequence[], options: TaskRunOptions = {}): Promise<Classification[]> {
    requireKnown("predict", RUN, options);
    const encoded = this.#input.encode(sequences);
    const outputs = await sequenceOutputs(this.#model, this.#input, encoded, { ...options, softmax: true });
    return outputs.map((probabilities) => ({ label: this.#labels.mostProbable(probabilities), probabilities }));
  }
}
