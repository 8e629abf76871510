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
export type { Tokens } from "./src/models/model_file.ts";
export { pretrained, type PretrainedOptions, type Vectors } from "./src/models/pretrained.ts";
export type { Label } from "./src/models/labels.ts";
export { type Classification, type LabelledSequence, SequenceClassifier } from "./src/models/sequence_classifier.ts";
export { type MeasuredSequence, SequenceRegressor } from "./src/models/sequence_regressor.ts";
export { SequenceTagger, type TaggedSequence, type TaggerMetrics, type Tagging } from "./src/models/sequence_tagger.ts";
export type {
  ClassEvaluation,
  ClassFitOptions,
  ClassifierOptions,
  ClassMetrics,
  LoadModelOptions,
  NumberEvaluation,
  NumberMetrics,
  Pooling,
  RegressionLoss,
  RegressorOptions,
  TaggerOptions,
  TaskFitOptions,
  TaskOptions,
  TaskRunOptions,
  TaskSequence,
} from "./src/models/task_options.ts";
export { meanAbsoluteError, meanSquaredError } from "./src/training/metrics/regression.ts";
export { Seq2Seq } from "./src/models/seq2seq.ts";
export type {
  Alignment,
  AttentionKind,
  Pair,
  Seq2SeqEvaluation,
  Seq2SeqFitOptions,
  Seq2SeqOptions,
  Sequence,
  TranslateOptions,
  Translation,
  TranslationSearchOptions,
} from "./src/models/seq2seq_options.ts";
export { SequenceGenerator } from "./src/models/sequence_generator.ts";
export type {
  Condition,
  ConditionedText,
  SequenceGenerateOptions,
  SequenceGeneratorEvaluation,
  SequenceGeneratorFitOptions,
  SequenceGeneratorOptions,
} from "./src/models/sequence_generator_options.ts";
export { editDistance } from "./src/text/edit_distance.ts";
