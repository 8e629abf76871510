import type { Cell } from "../../cells/cell.ts";
import type { Numerics } from "../../kernels/load.ts";
import { load } from "../../runtime/load.ts";
import { CLASSIFIER, SequenceClassifierRunner } from "./classifier.ts";
import { GENERATOR, SequenceGeneratorRunner } from "./generator.ts";
import { GrowingNet, type SessionSize } from "./growing_net.ts";
import { LANGUAGE_MODEL, LanguageModelRunner } from "./language_model.ts";
import type { ModelKind, RunnableModel } from "./model.ts";
import { type ModelDescription, orRefuse, readModel } from "./model_file.ts";
import { REGRESSOR, SequenceRegressorRunner } from "./regressor.ts";
import { SEQ2SEQ, Seq2SeqRunner } from "./seq2seq.ts";
import { SequenceTaggerRunner, TAGGER } from "./tagger.ts";

/** Options to load a model. */
export interface RunnerOptions {
  /**
   * The recurrent cell of the model, if it is not one of the library's: the file has its name only.
   *
   * @default the cell that the file names
   */
  cell?: Cell;
  /**
   * The kernels: see `compile`.
   *
   * @default {"fast"}
   */
  numerics?: Numerics;
}

/**
 * Load what `SequenceClassifier.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceClassifier(
  bytes: Uint8Array,
  options: RunnerOptions = {},
): Promise<SequenceClassifierRunner> {
  return new SequenceClassifierRunner(await loadRunnable(CLASSIFIER, bytes, options));
}

/**
 * Load what `SequenceRegressor.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceRegressor(
  bytes: Uint8Array,
  options: RunnerOptions = {},
): Promise<SequenceRegressorRunner> {
  return new SequenceRegressorRunner(await loadRunnable(REGRESSOR, bytes, options));
}

/**
 * Load what `SequenceTagger.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceTagger(
  bytes: Uint8Array,
  options: RunnerOptions = {},
): Promise<SequenceTaggerRunner> {
  return new SequenceTaggerRunner(await loadRunnable(TAGGER, bytes, options));
}

/**
 * Load what `LanguageModel.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadLanguageModel(bytes: Uint8Array, options: RunnerOptions = {}): Promise<LanguageModelRunner> {
  return new LanguageModelRunner(await loadRunnable(LANGUAGE_MODEL, bytes, options));
}

/**
 * Load what `SequenceGenerator.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceGenerator(
  bytes: Uint8Array,
  options: RunnerOptions = {},
): Promise<SequenceGeneratorRunner> {
  return new SequenceGeneratorRunner(await loadRunnable(GENERATOR, bytes, options));
}

/**
 * Load what `Seq2Seq.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSeq2Seq(bytes: Uint8Array, options: RunnerOptions = {}): Promise<Seq2SeqRunner> {
  return new Seq2SeqRunner(await loadRunnable(SEQ2SEQ, bytes, options));
}

/** The model of a file, whose nets all get the file's parameters. */
async function loadRunnable<Description extends ModelDescription>(
  kind: ModelKind<Description>,
  bytes: Uint8Array,
  { cell, numerics = "fast" }: RunnerOptions,
): Promise<RunnableModel<Description>> {
  const { description, tensors } = readModel(kind, bytes, cell);
  const layer = kind.net(description);
  const compile = (size: SessionSize) => load(layer, tensors, { ...size, numerics });
  const compiled = await orRefuse(kind, () => GrowingNet.create(compile, kind.size(description)));
  return { kind: kind.name, description, layer, compiled };
}
