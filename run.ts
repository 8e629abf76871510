/**
 * Saved models, to be run alone: the same results as the models that were trained, in half of the bytes, for pages that
 * are to start fast.
 *
 * @example Write on
 * ```ts
 * import { LanguageModel } from "@unroll/rnn";
 * import { loadLanguageModel } from "@unroll/rnn/run";
 * import { assertEquals } from "@std/assert";
 *
 * using trained = await LanguageModel.create("to be or not to be", { hidden: [8] });
 * const file = trained.save();
 *
 * using model = await loadLanguageModel(file);
 * let text = "";
 * for await (const piece of model.generate({ prompt: "to", length: 5 })) text += piece;
 * assertEquals([...text].length, 5);
 * ```
 *
 * @module
 */
export { DisposedError, FormatError, OptionError, PlanError, ShapeError } from "./src/errors.ts";
export {
  loadLanguageModel,
  loadSeq2Seq,
  loadSequenceClassifier,
  loadSequenceGenerator,
  loadSequenceRegressor,
  loadSequenceTagger,
  type RunnerOptions,
} from "./src/models/run/load.ts";
export type { Classification, SequenceClassifierRunner } from "./src/models/run/classifier.ts";
export type { SequenceGenerateOptions, SequenceGeneratorRunner } from "./src/models/run/generator.ts";
export type { LanguageModelRunner } from "./src/models/run/language_model.ts";
export type { ModelRunner } from "./src/models/run/model.ts";
export type { SaveOptions } from "./src/models/run/model_file.ts";
export type { SequenceRegressorRunner } from "./src/models/run/regressor.ts";
export type { Alignment, Seq2SeqRunner } from "./src/models/run/seq2seq.ts";
export type { TranslateOptions, Translation, TranslationSearchOptions } from "./src/models/run/seq2seq_decoding.ts";
export type { TaskRunOptions } from "./src/models/run/sequence_model.ts";
export type { TaskSequence, Tokens } from "./src/models/run/sequences.ts";
export type { SequenceTaggerRunner, Tagging } from "./src/models/run/tagger.ts";
