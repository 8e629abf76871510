/**
 * Models for tasks, and the nets of two parts that they are made of.
 *
 * @module
 */
export { bahdanau, type BahdanauOptions } from "./src/cells/bahdanau.ts";
export type { BridgeKind } from "./src/layers/bridge.ts";
export { encoderDecoder, type EncoderDecoderParts } from "./src/layers/encoder_decoder.ts";
export { luong, type LuongOptions } from "./src/layers/luong.ts";
export { attention, decode, type Decoder } from "./src/models/decoder.ts";
export { Seq2Seq } from "./src/models/seq2seq.ts";
export type {
  Alignment,
  AttentionKind,
  Pair,
  Seq2SeqEvaluation,
  Seq2SeqFitOptions,
  Seq2SeqOptions,
  Sequence,
  Tokens,
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
