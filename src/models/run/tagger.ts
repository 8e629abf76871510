import { extended, requireKnown, RUN } from "../../options.ts";
import { label, list, oneOf, optional } from "./description.ts";
import { type Label, Labels } from "./labels.ts";
import { type ModelKind, ModelRunner, type RunnableModel } from "./model.ts";
import type { RegressionLoss } from "./regressor.ts";
import {
  labelledNet,
  SEQUENCE_MODEL,
  type SequenceModelDescription,
  sequenceOutputs,
  type TaskRunOptions,
} from "./sequence_model.ts";
import { SequenceInput, type TaskSequence } from "./sequences.ts";

/** What a tagger predicts for a sequence. */
export interface Tagging {
  /** The most probable label of each step; empty in a tagger of numbers. */
  readonly labels: Label[];
  /** For each step the probability of each label, in the order of `labels`; in a tagger of numbers, the numbers. */
  readonly outputs: Float32Array[];
}

/** All that makes up a tagger: of labels, or of numbers and their loss. */
export interface TaggerDescription extends SequenceModelDescription {
  /** The classes of a step; undefined in a tagger of numbers. */
  readonly labels?: readonly Label[];
  /** The loss of a tagger of numbers. */
  readonly loss?: RegressionLoss;
}

/** The kind of a tagger. */
export const TAGGER: ModelKind<TaggerDescription> = /* @__PURE__ */ extended(SEQUENCE_MODEL, {
  name: "sequence tagger",
  values: () => ({
    ...SEQUENCE_MODEL.values(),
    labels: optional(list(label, 2)),
    loss: optional(oneOf("squared", "absolute", "huber")),
  }),
  net: labelledNet,
});

/** A saved `SequenceTagger` to run, not to train: `predict` with the same results. */
export class SequenceTaggerRunner extends ModelRunner {
  readonly #model: RunnableModel<TaggerDescription>;
  readonly #input: SequenceInput;
  readonly #labels: Labels | undefined;

  /** Runners are made by `loadSequenceTagger`. */
  constructor(model: RunnableModel<TaggerDescription>) {
    super(model);
    const { labels } = model.description;
    this.#model = model;
    this.#input = new SequenceInput(model.description);
    this.#labels = labels && new Labels(labels);
  }

  /** The classes; empty in a tagger of numbers. */
  get labels(): readonly Label[] {
    return this.#labels?.names ?? [];
  }

  /**
   * Predict the tags of each sequence. The prediction for one sequence does not depend on the others, nor on other
   * calls.
   *
   * @throws {OptionError} When a sequence has no tokens, or unknown ones.
   */
  async predict(sequences: readonly TaskSequence[], options: TaskRunOptions = {}): Promise<Tagging[]> {
    const labels = this.#labels;
    const { outputs: width } = this.#model.description;
    requireKnown("predict", RUN, options);
    const encoded = this.#input.encode(sequences);
    const softmax = labels !== undefined;
    const found = await sequenceOutputs(this.#model, this.#input, encoded, { ...options, softmax });
    return found.map((rows) => {
      const row = (t: number) => rows.subarray(t * width, (t + 1) * width);
      const length = rows.length / width;
      let outputs: Float32Array[] | undefined;
      return {
        labels: labels ? Array.from({ length }, (_, t) => labels.mostProbable(row(t))) : [],
        // A view of each step takes 100 bytes or so: they are made when they are asked for.
        get outputs() {
          return outputs ??= Array.from({ length }, (_, t) => row(t));
        },
      };
    });
  }
}
