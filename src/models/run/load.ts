import type { Cell } from "../../cells/cell.ts";
import type { Numerics } from "../../kernels/load.ts";
import { load } from "../../runtime/load.ts";
import { CLASSIFIER, SequenceClassifierRunner } from "./classifier.ts";
import { GENERATOR, SequenceGeneratorRunner } from "./generator.ts";
import { LANGUAGE_MODEL, LanguageModelRunner } from "./language_model.ts";
import type { ModelKind, RunnableModel } from "./model.ts";
import { type ModelDescription, readModel } from "./model_file.ts";
import { ModelParameters, NetPool, type SessionSize } from "./net_pool.ts";
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

/** The model of a file. */
async function loadRunnable<Description extends ModelDescription>(
  kind: ModelKind<Description>,
  bytes: Uint8Array,
  { cell, numerics = "fast" }: RunnerOptions,
): Promise<RunnableModel<Description>> {
  const { description, tensors } = readModel(kind, bytes, cell);
  const layer = kind.net(description);
  const running = kind.runningNet?.(description) ?? layer;
  const first = await load(running, tensors, { ...kind.size(description), numerics });
  const parameters = new ModelParameters(first);
  const compile = (size: SessionSize) => load(running, first.parameters(), { ...size, numerics });
  const nets = new NetPool(parameters, compile);
  return { kind: kind.name, description, layer, running, parameters, nets };
}
