import { readOptions } from "../../options.ts";
import { load } from "../../runtime/load.ts";
import { CLASSIFIER, SequenceClassifierRunner } from "./classifier.ts";
import { GENERATOR, SequenceGeneratorRunner } from "./generator.ts";
import { LANGUAGE_MODEL, LanguageModelRunner } from "./language_model.ts";
import { type ModelKind, type RunnableModel, RUNNER, type RunnerOptions } from "./model.ts";
import { type ModelDescription, orRefuse, readModel } from "./model_file.ts";
import { ModelParameters, NetPool, type SessionSize } from "./net_pool.ts";
import { REGRESSOR, SequenceRegressorRunner } from "./regressor.ts";
import { SEQ2SEQ, Seq2SeqRunner } from "./seq2seq.ts";
import { SequenceTaggerRunner, TAGGER } from "./tagger.ts";

export type { RunnerOptions };

/**
 * Load what `SequenceClassifier.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceClassifier(
  bytes: Uint8Array | ArrayBuffer,
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
  bytes: Uint8Array | ArrayBuffer,
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
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<SequenceTaggerRunner> {
  return new SequenceTaggerRunner(await loadRunnable(TAGGER, bytes, options));
}

/**
 * Load what `LanguageModel.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadLanguageModel(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<LanguageModelRunner> {
  return new LanguageModelRunner(await loadRunnable(LANGUAGE_MODEL, bytes, options));
}

/**
 * Load what `SequenceGenerator.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceGenerator(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<SequenceGeneratorRunner> {
  return new SequenceGeneratorRunner(await loadRunnable(GENERATOR, bytes, options));
}

/**
 * Load what `Seq2Seq.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSeq2Seq(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<Seq2SeqRunner> {
  return new Seq2SeqRunner(await loadRunnable(SEQ2SEQ, bytes, options));
}

/** The model of a file. */
async function loadRunnable<Description extends ModelDescription>(
  kind: ModelKind<Description>,
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions,
): Promise<RunnableModel<Description>> {
  const { numerics, kernels, ...own } = readOptions(`the load of a ${kind.name}`, RUNNER, options);
  const { description, tensors } = readModel(kind, bytes, own);
  const layer = kind.net(description);
  const running = kind.runningNet?.(description) ?? layer;
  const first = await orRefuse(kind, () => load(running, tensors, { ...kind.size(description), numerics, kernels }));
  const parameters = new ModelParameters(first);
  const compile = (size: SessionSize) => load(running, first.parameters(), { ...size, numerics, kernels });
  const nets = new NetPool(parameters, compile);
  return { kind: kind.name, description, layer, running, parameters, nets };
}
