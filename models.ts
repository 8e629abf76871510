/**
 * Models for tasks, and the nets of two parts that they are made of.
 *
 * @module
 */
export { bahdanau, type BahdanauOptions } from "./src/cells/bahdanau.ts";
export type { BridgeKind } from "./src/layers/bridge.ts";
export { encoderDecoder, type EncoderDecoderOptions } from "./src/layers/encoder_decoder.ts";
export { luong, type LuongOptions } from "./src/layers/luong.ts";
export { attention, decode, type Decoder } from "./src/runtime/decoder.ts";
export type { ModelFitOptions, SampleFitOptions } from "./src/models/fit_options.ts";
export type { LoadModelOptions, SessionOptions } from "./src/models/model.ts";
export type { RunnerOptions } from "./src/models/run/load.ts";
export type { ModelRunner } from "./src/models/run/model.ts";
export type { SaveOptions } from "./src/models/run/model_file.ts";
export type { FeaturedSequence, PlainSequence, Sequence, TaskSequence, Tokens } from "./src/models/run/sequences.ts";
export { pretrained, type PretrainedOptions, type Vectors } from "./src/models/embeddings.ts";
export type { DrawOptions } from "./src/decoding/token_draws.ts";

export type { Pooling, TaskRunOptions } from "./src/models/run/sequence_model.ts";
export type { Label } from "./src/models/run/labels.ts";
export type { RegressionLoss } from "./src/models/run/regressor.ts";
export type {
  ClassEvaluation,
  ClassFitOptions,
  ClassifierOptions,
  ClassMetrics,
  NumberEvaluation,
  NumberMetrics,
  RegressorOptions,
  TaggerOptions,
  TaskFitOptions,
  TaskOptions,
} from "./src/models/sequence_options.ts";
export type { Classification, SequenceClassifierRunner } from "./src/models/run/classifier.ts";
export { type LabelledSequence, SequenceClassifier } from "./src/models/classifier.ts";
export type { SequenceRegressorRunner } from "./src/models/run/regressor.ts";
export { type MeasuredSequence, SequenceRegressor } from "./src/models/regressor.ts";
export type { SequenceTaggerRunner, Tagging } from "./src/models/run/tagger.ts";
export { SequenceTagger, type TaggedSequence, type TaggerMetrics } from "./src/models/tagger.ts";
export { meanAbsoluteError, meanSquaredError } from "./src/training/metrics/regression.ts";

export type { Alignment, AttentionKind, BothSides, Seq2SeqRunner } from "./src/models/run/seq2seq.ts";
export type { TranslateOptions, Translation, TranslationSearchOptions } from "./src/models/run/seq2seq_decoding.ts";
export { Seq2Seq } from "./src/models/seq2seq.ts";
export type { Pair, Seq2SeqEvaluation, Seq2SeqFitOptions, Seq2SeqOptions } from "./src/models/seq2seq_options.ts";

export type { SequenceGenerateOptions, SequenceGeneratorRunner } from "./src/models/run/generator.ts";
export type { Condition } from "./src/models/run/generator_codec.ts";
export { SequenceGenerator } from "./src/models/generator.ts";
export type {
  ConditionedText,
  SequenceGeneratorEvaluation,
  SequenceGeneratorFitOptions,
  SequenceGeneratorOptions,
} from "./src/models/generator_options.ts";
export { editDistance } from "./src/text/edit_distance.ts";
export type { Resource } from "./src/resource.ts";
