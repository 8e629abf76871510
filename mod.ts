/**
 * Recurrent neural nets for Deno and the web.
 *
 * @example Train a small net
 * ```ts
 * import { LanguageModel } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const text = "abracadabra ".repeat(50);
 * const model = await LanguageModel.create(text, { hidden: [32] });
 * for await (const event of model.fit(text, { batch: 4, unroll: 10, epochs: 8 })) assert(event.loss > 0);
 * assert((await model.evaluate(text)).bitsPerToken < 2);
 * model.dispose();
 * ```
 *
 * @module
 */
export type { Cell, CellContext, PlannedCell } from "./src/cells/cell.ts";
export type { CellDescription } from "./src/cells/description.ts";
export { elman } from "./src/cells/elman.ts";
export type { ElmanOptions, ElmanSettings } from "./src/cells/elman_options.ts";
export { gru } from "./src/cells/gru.ts";
export type { GruActivations, GruOptions, GruSettings } from "./src/cells/gru_options.ts";
export { lstm } from "./src/cells/lstm.ts";
export type { LstmActivations, LstmOptions, LstmSettings } from "./src/cells/lstm_options.ts";
export {
  DisposedError,
  EngineError,
  FormatError,
  NonFiniteError,
  OptionError,
  PlanError,
  ShapeError,
  ThreadError,
} from "./src/errors.ts";
export { ACTIVATION } from "./src/kernels/activation_kinds.ts";
export { type Elements, type ElementType, floats } from "./src/formats/elements.ts";
export { readSafetensors, type Safetensors, type Tensor } from "./src/formats/safetensors.ts";
export { type Halves, type TensorSource, writeSafetensors } from "./src/formats/safetensors_writer.ts";
export type { Kernels } from "./src/kernels/kernels.ts";
export type { LossKernels } from "./src/kernels/loss_kernels.ts";
export type { OptimizerKernels } from "./src/kernels/optimizer_kernels.ts";
export type { PoolingKernels } from "./src/kernels/pooling_kernels.ts";
export type { KernelBuild, KernelOptions, Numerics } from "./src/kernels/load.ts";
export { dense } from "./src/layers/dense.ts";
export type { LayerDescription, RecurrentDescription, StackDescription } from "./src/layers/description.ts";
export { dropout, type DropoutOptions } from "./src/layers/dropout.ts";
export { embedding, type EmbeddingOptions, oneHot } from "./src/layers/embedding.ts";
export type { Layer, LayerPart, PlannedDecoder, PlannedLayer, PlannedState, StateSpec } from "./src/layers/layer.ts";
export { recurrent } from "./src/layers/recurrent.ts";
export type { RecurrentOptions } from "./src/layers/recurrent_options.ts";
export { sequential, type SequentialOptions } from "./src/layers/sequential.ts";
export { stacked } from "./src/layers/stacked.ts";
export type { PlanRow } from "./src/memory/memory_map.ts";
export type { Constant, ParameterSlot, RandomStream, Shape } from "./src/memory/planner.ts";
export type { Scope, Source } from "./src/memory/scope.ts";
export type { Slot } from "./src/memory/slot.ts";
export { beamSearch, type BeamSearchOptions, type Hypothesis } from "./src/decoding/beam_search.ts";
export type { ActivationStatistics } from "./src/session/statistics.ts";
export type { Batches, TrainingData } from "./src/trainer/batches.ts";
export { compile, type CompileOptions, type Threading } from "./src/session/compile.ts";
export type { CompiledNet } from "./src/runtime/compiled_net.ts";
export {
  evaluate,
  type EvaluateOptions,
  type Measurement,
  type Metrics,
  type MetricValues,
} from "./src/trainer/evaluate.ts";
export type { EmbeddingStart, PretrainedEmbedding } from "./src/models/embeddings.ts";
export type { ModelFitOptions } from "./src/models/fit_options.ts";
export type { LoadModelOptions, SessionOptions } from "./src/models/model.ts";
export type { RunnerOptions } from "./src/models/run/load.ts";
export type { ModelRunner } from "./src/models/run/model.ts";
export type { SaveOptions } from "./src/models/run/model_file.ts";
export type { LanguageModelRunner } from "./src/models/run/language_model.ts";
export type { Tokens } from "./src/models/run/sequences.ts";
export { LanguageModel } from "./src/models/language_model.ts";
export type {
  Evaluation,
  FitEvaluation,
  FitEvent,
  FitOptions,
  LanguageModelOptions,
} from "./src/models/language_model_options.ts";
export { type Checkpoint, type NetDescription, readCheckpoint } from "./src/session/checkpoint.ts";
export type { DrawOptions } from "./src/decoding/token_draws.ts";
export type { Continuation, GenerateOptions, SearchOptions } from "./src/decoding/generate.ts";
export type { GivenPrompt, Prompt } from "./src/decoding/prompt.ts";
export type { NextToken, ScoreOptions, TextScore, TokenScore } from "./src/decoding/score.ts";
export type { LogitsHook } from "./src/decoding/token_draws.ts";
export type { SizeOptions } from "./src/runtime/plan.ts";
export type { PlanOptions } from "./src/session/plan_training.ts";
export type { CheckpointOptions } from "./src/session/checkpoint.ts";
export type { PartLoss } from "./src/session/training_runner.ts";
export type { Histogram } from "./src/session/statistics.ts";
export type { Data } from "./src/session/training_runner.ts";
export type { Stream } from "./src/runtime/stream.ts";
export type { CallOptions, InitialStates, States } from "./src/runtime/packed_batch.ts";
export type { Session } from "./src/session/session.ts";
export type { IncompatibleKeys, LoadOptions, TensorCopy, Tensors } from "./src/runtime/state_dict.ts";
export { fit } from "./src/trainer/fit.ts";
export { Training } from "./src/trainer/training.ts";
export type { TrainingRun } from "./src/trainer/training_run.ts";
export type { ModelTraining } from "./src/models/model_training.ts";
export type { TrainingHistory } from "./src/trainer/history.ts";
export type { EvaluationPlan, TrainerOptions } from "./src/trainer/options.ts";
export type { StatisticsOptions } from "./src/trainer/statistics.ts";
export type { TrainerState } from "./src/trainer/state.ts";
export type {
  BestEvaluation,
  EndEvent,
  EpochEvent,
  EvaluationEvent,
  EventPlace,
  RestartEvent,
  Statistics,
  StatisticsEvent,
  StepEvent,
  TrainingEvent,
} from "./src/trainer/events.ts";
export type { TrainingState } from "./src/session/training_state.ts";
export type { Update } from "./src/session/optimization.ts";
export type { World, WorldOptions } from "./src/trainer/options.ts";
export type { AttentionHooks } from "./src/ops/attention.ts";
export type { Merge } from "./src/ops/merge.ts";
export { joinNeeds, type Needs, type OutputGradient } from "./src/ops/needs.ts";
export type { RecurrentLinear, RecurrentLinearOptions } from "./src/ops/recurrent_linear.ts";
export {
  type Activation,
  type ActivationName,
  type ActivationOptions,
  type NamedActivation,
  type Nonlinearity,
  nonlinearity,
} from "./src/ops/activation.ts";
export {
  constant,
  forgetBias,
  glorot,
  type Initialiser,
  type InitialiserContext,
  normal,
  orthogonal,
  type OrthogonalOptions,
  type Parameter,
  uniform,
  zeros,
} from "./src/ops/initialise.ts";
export type { BatchShape, Shard, TensorSpec, Value } from "./src/ops/value.ts";
export { type RowBlock, Step } from "./src/ops/step.ts";
export { type Exchangeable, Generator, type GeneratorState } from "./src/random/generator.ts";
export { mostProbable, sample, truncate, type Truncation } from "./src/text/sampling.ts";
export { splitText, type Streams, streams, type StreamsOptions, type StreamWindow } from "./src/text/streams.ts";
export type { ListedKind, SpecialToken, TokenKind } from "./src/text/tokens.ts";
export type { Tokenizer } from "./src/text/tokenizer.ts";
export { Vocabulary } from "./src/text/vocabulary.ts";
export type { TokenizerSource, VocabularyJSON, VocabularyOptions, WordsOptions } from "./src/text/vocabulary_tokens.ts";
export { type Clip, clipNorm, clipValue } from "./src/training/clip.ts";
export type { Batch, Layout } from "./src/training/data/batch.ts";
export type { SampleRows, Samples } from "./src/training/data/samples.ts";
export { binaryCrossEntropy, type BinaryCrossEntropyOptions } from "./src/training/losses/binary_cross_entropy.ts";
export { crossEntropy, type CrossEntropyOptions } from "./src/training/losses/cross_entropy.ts";
export type { Loss, LossOptions, PlannedLoss, Reduction, TargetRows, Targets } from "./src/training/losses/loss.ts";
export { absoluteError, squaredError } from "./src/training/losses/regression.ts";
export { type EvaluatedBatch, type Metric, type MetricState, perplexity } from "./src/training/metrics/metric.ts";
export { adagrad, type AdagradOptions } from "./src/training/optimizers/adagrad.ts";
export { adam, type AdamOptions, adamw } from "./src/training/optimizers/adam.ts";
export type {
  Group,
  Hyperparameters,
  Moment,
  Optimizer,
  OptimizerOptions,
  ParameterGroup,
} from "./src/training/optimizers/optimizer.ts";
export { rmsprop, type RmspropOptions } from "./src/training/optimizers/rmsprop.ts";
export { sgd, type SgdOptions } from "./src/training/optimizers/sgd.ts";
export { cosine, type CosineOptions } from "./src/training/schedules/cosine.ts";
export { oneCycle, type OneCycleOptions } from "./src/training/schedules/one_cycle.ts";
export { reduceOnPlateau, type ReduceOnPlateauOptions } from "./src/training/schedules/reduce_on_plateau.ts";
export type { Schedule, ScheduleState } from "./src/training/schedules/schedule.ts";
export { exponentialDecay, stepDecay } from "./src/training/schedules/step_decay.ts";
export type { Resource } from "./src/resource.ts";
