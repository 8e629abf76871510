/**
 * Saved models, to be run alone: the results of the models that were trained, in half of the bytes, for pages that are
 * to start fast. `LanguageModel`, `SequenceClassifier`, `SequenceRegressor`, `SequenceTagger`, `SequenceGenerator` and
 * `Seq2Seq` write the files by `save`.
 *
 * @example A page that writes text
 * ```ts
 * import { LanguageModel } from "@unroll/rnn";
 * import { loadLanguageModel } from "@unroll/rnn/run";
 * import { assertEquals } from "@std/assert";
 *
 * const trained = await LanguageModel.create("to be or not to be", { hidden: [8] });
 * const file = trained.save(); // on a page: const file = await (await fetch("hamlet.safetensors")).arrayBuffer();
 *
 * const model = await loadLanguageModel(file);
 * let text = ""; // on a page: document.body.append(piece)
 * for await (const piece of model.generate({ prompt: "to", length: 5 })) text += piece;
 * assertEquals(text, await trained.write({ prompt: "to", length: 5 }));
 * model.dispose();
 * trained.dispose();
 * ```
 *
 * @module
 */
export { DisposedError, EngineError, FormatError, OptionError, PlanError, ShapeError } from "./src/errors.ts";
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
export type { Resource } from "./src/resource.ts";
